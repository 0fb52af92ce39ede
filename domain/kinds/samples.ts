import type { Kind } from '#domain/kinds/list.ts';
import { ofKinds } from '#domain/kinds/list.ts';
import type { LogRecord } from '#domain/terms.ts';

/** A row of each kind with every field, as clients send it: what fails on these fails on all. */
export const exampleRows = ofKinds(({ wire }): Readonly<Record<string, unknown>> =>
  Object.fromEntries(wire.map(({ name, example }) => [name, example])),
);

/** The example of a kind as a record; its place in the log means nothing. */
export function sampleRecord(kind: Kind): LogRecord {
  const value = Buffer.from(JSON.stringify(exampleRows[kind]));
  return { topic: kind, partition: 0, offset: 0, appendTimeMs: 0, key: null, value, headers: [] };
}
