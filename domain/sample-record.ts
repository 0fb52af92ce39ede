import type { Kind } from '#domain/kinds/list.ts';
import { exampleRows } from '#domain/kinds/samples.ts';
import type { LogRecord } from '#domain/terms.ts';

/** The example of a kind as a record; its place in the log means nothing. */
export function sampleRecord(kind: Kind): LogRecord {
  const value = Buffer.from(JSON.stringify(exampleRows[kind]));
  return { topic: kind, partition: 0, offset: 0, appendTimeMs: 0, key: null, value, headers: [] };
}
