import type { Outcome } from '#adapters/kafka/producer.ts';
import type { Answer } from '#api/answers/answer.ts';
import { answerJson } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal, refusalOfIssues, refusalOfProblem } from '#api/answers/refusal.ts';
import { refuseKinesis, kinesisTypes } from '#api/dialects/kinesis.ts';
import type { Door } from '#api/door/door.ts';
import type { EventRoute, EventToTake, Intake } from '#api/door/event-route.ts';
import { makeNamedRoute } from '#api/door/named-route.ts';
import type { Wrapper } from '#api/door/read-wrapped.ts';
import { readWrapped } from '#api/door/read-wrapped.ts';
import { receiptHeader } from '#api/door/receipt.ts';
import { asAbove, noRejectedRows } from '#api/door/rejected-rows.ts';
import { pricedBy, refuseValues } from '#api/door/row-values.ts';
import { aboutRecord, aboutText, shapes } from '#api/streams/refusals.ts';
import { bytesOfDataText } from '#domain/door/data-blob.ts';
import { readBody } from '#domain/door/read-event.ts';
import type { ValueSpan } from '#domain/door/record-values.ts';
import { findRecordValue, findRecordValues } from '#domain/door/record-values.ts';
import type { Row } from '#domain/kinds/row-key.ts';
import { keyText } from '#domain/kinds/row-key.ts';
import type { TopicName } from '#domain/door/topic-name.ts';
import { Failure } from '#domain/failures.ts';
import { rowSchemas } from '#domain/kinds/row-schemas.ts';
import { errorsToldMax } from '#domain/schemas/events.ts';
import type { KinesisRecordAnswer, KinesisRecordsAnswer } from '#domain/schemas/kinesis.ts';
import { kinesisRecord, kinesisRecords } from '#domain/schemas/kinesis.ts';

/** A route's way to read records out of its body and to answer for them. */
type Form = {
  shape: string;
  /** The records' `Data`, with the name that messages give each and the place of its bytes. */
  read(row: Row, body: Buffer): { data: object | string; name: string; span: ValueSpan }[] | Refusal;
  answer(outcomes: readonly (Outcome | undefined)[]): KinesisRecordAnswer | KinesisRecordsAnswer;
};

const isData = (key: string): boolean => key.toLowerCase() === 'data';
const isRecords = (key: string): boolean => key.toLowerCase() === 'records';

const one: Form = {
  shape: shapes.record,
  read(row, body) {
    const checked = kinesisRecord.safeParse(fold(row));
    if (!checked.success) return refusalOfIssues(checked.error.issues);
    return [{ data: checked.data.Data, name: 'Data', span: findRecordValue(body, isData) }];
  },
  answer: ([outcome]) => placeOf(outcome),
};

const several: Form = {
  shape: shapes.records,
  read(row, body) {
    const checked = kinesisRecords.safeParse(fold(row));
    if (!checked.success) return refusalOfIssues(checked.error.issues);
    const spans = findRecordValues(body, isRecords, isData);
    return checked.data.Records.map(({ Data: data }, i) => ({ data, name: `Records.${i}.Data`, span: spans[i]! }));
  },
  answer(outcomes) {
    let told = 0;
    const records = outcomes.map((outcome) =>
      outcome instanceof Failure ? failureOf(outcome, ++told > errorsToldMax ? asAbove : outcome.message) : placeOf(outcome),
    );
    return { FailedRecordCount: records.filter((record) => 'ErrorCode' in record).length, Records: records };
  },
};

/**
 * `PUT /streams/<name>/record` and `/records` (the dialect of the Kinesis proxy). The key comes from the row, never from
 * PartitionKey; the answer's sequence numbers and shards are the true offsets and partitions. All records of a request
 * are valid or none is sent.
 */
export function makeStreamsRoute(door: Pick<Door, 'limits' | 'kindByName'>, form: 'record' | 'records'): EventRoute {
  const used = form === 'record' ? one : several;
  return {
    name: 'streams',
    ...makeNamedRoute('Stream', door, kinesisTypes, (name, body, eventBytesMax) => readRecords(used, name, body, eventBytesMax)),
    refuse: refuseKinesis,
  };
}

function readRecords(form: Form, name: TopicName, body: Buffer, eventBytesMax: number): Intake | Refusal {
  const read = readWrapped(body, form.shape);
  if (isRefusal(read)) return read;
  const [, wrapped] = Object.entries(read.row).find(([member]) => isRecords(member)) ?? [];
  return pricedBy(wrapped, readRows(form, name, body, read, eventBytesMax));
}

function readRows(form: Form, name: TopicName, body: Buffer, read: Wrapper, eventBytesMax: number): Intake | Refusal {
  const records = form.read(read.row, body);
  if (!Array.isArray(records)) return records;
  const events: EventToTake[] = [];
  for (const record of records) {
    const event = toEvent(name, body, record);
    if (isRefusal(event)) return event;
    events.push(event);
  }
  const misfit = refuseValues(
    events.map(({ value }) => value),
    { isDeep: read.isDeep, bytesMax: eventBytesMax, name: (i) => records[i]!.name },
  );
  return (
    misfit ?? {
      events,
      rejected: noRejectedRows,
      answer: (outcomes, eventIds) => answerPlaces(form, name, events.length, outcomes, eventIds),
    }
  );
}

/** An object's own bytes are the event; of a text it is what the text stands for, read as any body is. */
function toEvent(
  { kind, source }: TopicName,
  body: Buffer,
  { data, name, span }: { data: object | string; name: string; span: ValueSpan },
): EventToTake | Refusal {
  const value = typeof data === 'string' ? bytesOfDataText(data) : body.subarray(span!.from, span!.to);
  const read = typeof data === 'string' ? readBody(value) : { ok: true as const, row: data as Row };
  if (!read.ok) return aboutText(name, refusalOfProblem(read.problem));
  const checked = rowSchemas[kind].safeParse(read.row);
  if (!checked.success) return aboutRecord(name, refusalOfIssues(checked.error.issues));
  return { kind, source, key: Buffer.from(keyText(kind, read.row)), value };
}

/** Members under the names that the schemas have, whatever their case. One that is there in both cases is read as missing. */
function fold(row: Row): Row {
  const folded: Record<string, unknown> = {};
  for (const [wanted, isWanted] of [
    ['Data', isData],
    ['Records', isRecords],
  ] as const) {
    const names = Object.keys(row).filter(isWanted);
    if (names.length === 1) folded[wanted] = row[names[0]!];
  }
  if (Array.isArray(folded['Records']))
    folded['Records'] = folded['Records'].map((record: unknown) =>
      typeof record === 'object' && record !== null && !Array.isArray(record) ? fold(record as Row) : record,
    );
  return folded;
}

function answerPlaces(
  form: Form,
  name: TopicName,
  count: number,
  outcomes: readonly Outcome[] | undefined,
  eventIds: readonly string[],
): Answer {
  const decided = outcomes ?? Array.from({ length: count }, () => undefined);
  const receipt = count === 1 ? receiptHeader(name.kind, outcomes?.[0], eventIds[0]!) : undefined;
  return {
    ...answerJson(200, JSON.stringify(form.answer(decided)), receipt),
    isRetriable: decided.some((outcome) => outcome instanceof Failure && outcome.canRetry),
  };
}

function placeOf(outcome: Outcome | undefined): KinesisRecordAnswer {
  if (outcome === undefined || outcome instanceof Failure) return { SequenceNumber: null, ShardId: null };
  return { SequenceNumber: String(outcome.offset), ShardId: `shardId-${String(outcome.partition).padStart(12, '0')}` };
}

/** Kinesis has two codes for a record: send it again, or who knows. */
function failureOf({ kind, canRetry }: Failure, message: string): KinesisRecordsAnswer['Records'][number] {
  const wasNotSent = canRetry && kind !== 'timeout';
  return { ErrorCode: wasNotSent ? 'ProvisionedThroughputExceededException' : 'InternalFailure', ErrorMessage: message };
}
