import kafkajsPackage from 'kafkajs/package.json' with { type: 'json' };

const known = '2.2.4';

/**
 * Guards a file that replaces insides of kafkajs.
 * @param part the file; @param insides what it replaces.
 * @throws Error where kafkajs is another version than the one whose insides are known.
 */
export function assertKnownKafkajs(part: string, insides: string, version: string = kafkajsPackage.version): void {
  if (version !== known)
    throw new Error(
      `${part} replaces a part of kafkajs ${known}, but found ${version}: compare ${insides} with it, then change the version in adapters/kafka/kafkajs-version.ts.`,
    );
}
