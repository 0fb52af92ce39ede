import type { Kind } from '#domain/terms.ts';

/** What a client's topic name says. `source` is what stands before the kind. */
export type TopicName = { kind: Kind; source: string };

/** Endings of a topic or stream name, after the last `.`, `-` or `_`, and the kinds they stand for. */
export const kindByEnding: Readonly<Record<string, Kind>> = { pin: 'pin', pins: 'pin', geo: 'geo', user: 'user', users: 'user' };

const legalName = /^(?:([A-Za-z0-9._-]{0,240})[._-])?([a-z]+)$/;

/** Reads the kind and source off a client's topic name (`0a1b2c3d4e5f.pin`); undefined where it names no kind. */
export function parseTopicName(name: string): TopicName | undefined {
  const [, source = '', ending = ''] = legalName.exec(name) ?? [];
  const kind = Object.hasOwn(kindByEnding, ending) ? kindByEnding[ending] : undefined;
  return kind === undefined ? undefined : { kind, source };
}
