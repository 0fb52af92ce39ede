import type { Kind } from '#domain/kinds/list.ts';
import { kindDefinitions } from '#domain/kinds/list.ts';

/** What a client's topic name says. `source` is what stands before the kind. */
export type TopicName = { kind: Kind; source: string };

/** Endings of a topic or stream name, after the last `.`, `-` or `_`, and the kinds they stand for. */
export const kindByEnding: Readonly<Record<string, Kind>> = Object.fromEntries(
  kindDefinitions.flatMap(({ name, endings }) => endings.map((ending) => [ending, name])),
);

const legalName = /^(?:([A-Za-z0-9._-]{0,240})[._-])?([a-z]+)$/;

/** Reads entries `<name>=<kind>`, as the setting INGEST_NAME_KINDS has them. */
export function kindsOfNames(entries: readonly string[]): ReadonlyMap<string, Kind> {
  return new Map(entries.map((entry) => entry.split('=') as [string, Kind]));
}

/**
 * Reads the kind and source off a client's topic or stream name (`0a1b2c3d4e5f.pin`); `byName` knows names that do not
 * end in a kind, and their whole name is the source. Undefined where it names no kind.
 */
export function parseTopicName(name: string, byName: ReadonlyMap<string, Kind> = new Map()): TopicName | undefined {
  const mapped = byName.get(name);
  if (mapped !== undefined) return { kind: mapped, source: name };
  const [, source = '', ending = ''] = legalName.exec(name) ?? [];
  const kind = Object.hasOwn(kindByEnding, ending) ? kindByEnding[ending] : undefined;
  return kind === undefined ? undefined : { kind, source };
}
