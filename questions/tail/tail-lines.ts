import type { NoteLine, RecordLine, RefusalLine, RejectLine, SkippedLine } from '#domain/answers/tail-lines.ts';
import { keyIdOf, liftHeaders } from '#domain/raw-line.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { LogRecord } from '#domain/terms.ts';
import { classifyValue, textOfValue } from '#domain/value.ts';

/** Takes a line without its end. Where it `mayWait` and there is no room, the line is taken when the promise resolves. */
export type Emit = (line: string, mayWait: boolean) => Promise<void> | undefined;

export function textOfLine(line: RefusalLine | RejectLine | SkippedLine | NoteLine): string {
  return JSON.stringify(line);
}

/** The line of a record; JSON values stand in it as they came, with their spelling of numbers. */
export function textOfRecord(kind: Kind, record: LogRecord): string {
  const { topic, partition, offset, appendTimeMs, key, headers } = record;
  const { eventId, receivedAt, source } = liftHeaders(record);
  const head: RecordLine = {
    type: 'record',
    time: new Date(appendTimeMs).toISOString(),
    kind,
    topic,
    partition,
    offset,
    key: key === null ? null : key.toString('utf8'),
    source,
    keyId: keyIdOf(record),
    eventId,
    receivedAt,
    headers: headers.map(([name, value]) => [name, value.toString('utf8')]),
  };
  return `${JSON.stringify(head).slice(0, -1)},${valueOf(record.value)}}`;
}

function valueOf(value: Buffer | null): string {
  if (value === null) return '"value":null';
  const { reject } = classifyValue(value);
  // Raw line breaks stand between the tokens of a JSON text only.
  if (reject === null) return `"value":${textOfValue(value).replaceAll(/[\r\n]/g, ' ')}`;
  return `"valueBase64":"${value.toString('base64')}"`;
}
