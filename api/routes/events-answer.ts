import type { Outcome } from '#adapters/kafka/producer.ts';
import type { Answer } from '#api/door/answer.ts';
import { answerJson } from '#api/door/answer.ts';
import type { EventToTake, RejectedRow } from '#api/door/event-route.ts';
import { receiptHeader } from '#api/door/receipt.ts';
import { refusalOfFailure } from '#api/door/refusal.ts';
import type { EventsError } from '#domain/schemas/events.ts';
import { Failure } from '#domain/failures.ts';

/** What a request of several brought, as its reader found it. */
export type SortedRows = {
  events: EventToTake[];
  /** Position of each event among the rows, and its line; in the order of `events`. */
  positions: number[];
  lines: number[];
  rejected: (RejectedRow & { line: number })[];
};

type AnswerForm = { hasLines: boolean; hasReceipts: boolean };

/** The answer once Kafka has decided, or before (`outcomes` undefined). Written by hand: it may tell of 100,000 rows. */
export function answerRows(
  { events, positions, lines, rejected }: SortedRows,
  form: AnswerForm,
  outcomes: readonly Outcome[] | undefined,
  eventIds: readonly string[],
): Answer {
  const errors = rejected.map((row): EventsError => toError(form, row.position, row.line, row.reason, row.message, false));
  let receipts = '';
  let accepted = 0;
  for (let i = 0; i < events.length; i++) {
    const outcome = outcomes?.[i];
    if (outcome instanceof Failure) {
      const { reason, message } = refusalOfFailure(outcome);
      errors.push(toError(form, positions[i]!, lines[i]!, reason, `${message}.`, reason !== 'row_too_large'));
      continue;
    }
    accepted += 1;
    if (!form.hasReceipts) continue;
    const place = outcome === undefined ? '' : `"partition":${outcome.partition},"offset":${outcome.offset},`;
    receipts += `${receipts === '' ? '' : ','}{"position":${positions[i]!},"kind":"${events[i]!.kind}",${place}"event_id":"${eventIds[i]!}"}`;
  }
  const isRetriable = errors.some(({ retriable }) => retriable);
  // Failures of Kafka stand behind what the door found; clients read in the order of their rows.
  if (errors.length > rejected.length) errors.sort((left, right) => left.position - right.position);
  const counts = `"received":${events.length + rejected.length},"accepted":${accepted},"rejected":${errors.length}`;
  const body = `{${counts},"errors":${JSON.stringify(errors)}${form.hasReceipts ? `,"receipts":[${receipts}]` : ''}}`;
  // A single event's receipt is a header too, as on the other routes.
  const header = accepted === 1 && errors.length === 0 ? receiptHeader(events[0]!.kind, outcomes?.[0], eventIds[0]!) : undefined;
  return { ...answerJson(statusOf(accepted, errors.length, isRetriable), body, header), isRetriable };
}

function statusOf(accepted: number, rejected: number, isRetriable: boolean): number {
  if (rejected === 0) return 200;
  return accepted === 0 && !isRetriable ? 422 : 207;
}

function toError(form: AnswerForm, position: number, line: number, reason: string, message: string, retriable: boolean): EventsError {
  return form.hasLines ? { position, line, reason, message, retriable } : { position, reason, message, retriable };
}
