import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Kafka's jars and the Java that runs them. */
export type KafkaTool = { folder: string; java: string };

/** Folder of the jars, and the archive of their loaded classes, both below the tool's folder. */
export const kafkaLibrary = 'lib';
export const kafkaClassArchive = 'kafka.jsa';

/**
 * The arguments of a JVM that runs something of Kafka, whose working directory must be the tool's folder: names
 * relative to it stay the same wherever the cache is, which a class archive wants.
 */
export function javaArguments(tool: KafkaTool, temporaryFolder: string): string[] {
  const classPath = readdirSync(join(tool.folder, kafkaLibrary))
    .toSorted()
    .map((jar) => join(kafkaLibrary, jar))
    .join(':');
  const archive = join(tool.folder, kafkaClassArchive);
  return [
    '-Xms384m',
    '-Xmx384m',
    '-XX:+UseSerialGC',
    `-Djava.io.tmpdir=${temporaryFolder}`,
    `-XX:ErrorFile=${join(temporaryFolder, 'java-error-%p.log')}`,
    '-Dlog4j.configuration=file:log4j.properties',
    ...(existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`, '-Xshare:auto', '-Xlog:cds=off'] : []),
    '-cp',
    classPath,
  ];
}
