import type { Outcome } from '#adapters/kafka/producer.ts';
import type { Answer } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal, refusalOfIssues } from '#api/answers/refusal.ts';
import { restV2Type, restV2Types, refuseRestV2 } from '#api/dialects/rest-v2.ts';
import type { Door } from '#api/door/door.ts';
import type { EventRoute, EventToTake, Intake } from '#api/door/event-route.ts';
import { makeNamedRoute } from '#api/door/named-route.ts';
import type { Wrapper } from '#api/door/read-wrapped.ts';
import { readWrapped } from '#api/door/read-wrapped.ts';
import { receiptHeader } from '#api/door/receipt.ts';
import { asAbove, noRejectedRows } from '#api/door/rejected-rows.ts';
import { pricedBy, refuseValues } from '#api/door/row-values.ts';
import { shape } from '#api/topics/refusals.ts';
import { findRecordValues } from '#domain/door/record-values.ts';
import type { Row } from '#domain/kinds/row-key.ts';
import { keyText } from '#domain/kinds/row-key.ts';
import type { TopicName } from '#domain/door/topic-name.ts';
import { Failure } from '#domain/failures.ts';
import { errorsToldMax } from '#domain/schemas/events.ts';
import type { RestV2Record } from '#domain/schemas/rest-v2.ts';
import { restV2Bodies } from '#domain/schemas/rest-v2.ts';

/** Error codes of single records in an answer that has both: the record is wrong, or it is worth sending again. */
const recordErrorCodes = { final: 1, retriable: 2 };

/**
 * `POST /topics/<name>.<kind>` (the dialect of Confluent's REST v2): one or several records, answered with the
 * partition and offset that each has. All records of a request are valid or none is sent.
 */
export function makeTopicsRoute(door: Pick<Door, 'limits' | 'kindByName'>): EventRoute {
  return {
    name: 'topics',
    ...makeNamedRoute('Topic', door, restV2Types, readRecords),
    refuse: refuseRestV2,
  };
}

function readRecords(name: TopicName, body: Buffer, eventBytesMax: number): Intake | Refusal {
  const read = readWrapped(body, shape);
  if (isRefusal(read)) return read;
  return pricedBy(read.row['records'], readRows(name, body, read, eventBytesMax));
}

function readRows(name: TopicName, body: Buffer, read: Wrapper, eventBytesMax: number): Intake | Refusal {
  const checked = restV2Bodies[name.kind].safeParse(read.row);
  if (!checked.success) return refusalOfIssues(checked.error.issues);
  const spans = findRecordValues(body);
  const events = checked.data.records.map((record, i): EventToTake => {
    const { from, to } = spans[i]!;
    return {
      kind: name.kind,
      source: name.source,
      key: Buffer.from(keyText(name.kind, record.value as Row)),
      value: body.subarray(from, to),
    };
  });
  const misfit = refuseValues(
    events.map(({ value }) => value),
    { isDeep: read.isDeep, bytesMax: eventBytesMax, name: (i) => `records.${i}.value` },
  );
  return (
    misfit ?? { events, rejected: noRejectedRows, answer: (outcomes, eventIds) => answerOffsets(name, events.length, outcomes, eventIds) }
  );
}

function answerOffsets(name: TopicName, count: number, outcomes: readonly Outcome[] | undefined, eventIds: readonly string[]): Answer {
  let told = 0;
  const offsets =
    outcomes?.map((outcome) => toRecord(outcome, outcome instanceof Failure && ++told > errorsToldMax ? asAbove : undefined)) ??
    Array.from({ length: count }, () => unknownPlace);
  return {
    status: 200,
    body: JSON.stringify({ offsets, key_schema_id: null, value_schema_id: null }),
    headers: { 'Content-Type': restV2Type, ...(count === 1 ? receiptHeader(name.kind, outcomes?.[0], eventIds[0]!) : {}) },
    isRetriable: offsets.some(({ error_code: code }) => code === recordErrorCodes.retriable),
  };
}

const unknownPlace: RestV2Record = { partition: null, offset: null, error_code: null, error: null };

/** `short` is what to say where it failed and enough was said. */
function toRecord(outcome: Outcome, short: string | undefined): RestV2Record {
  if (!(outcome instanceof Failure)) return { partition: outcome.partition, offset: outcome.offset, error_code: null, error: null };
  return {
    partition: null,
    offset: null,
    error_code: outcome.canRetry ? recordErrorCodes.retriable : recordErrorCodes.final,
    error: short ?? outcome.message,
  };
}
