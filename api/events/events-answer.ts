import type { Outcome } from '#adapters/kafka/producer.ts';
import type { Answer } from '#api/answers/answer.ts';
import { answerJson } from '#api/answers/answer.ts';
import { refusalOfFailure } from '#api/answers/refusal.ts';
import type { EventToTake } from '#api/door/event-route.ts';
import { receiptHeader } from '#api/door/receipt.ts';
import type { RejectedRows } from '#api/door/rejected-rows.ts';
import { Failure } from '#domain/failures.ts';
import type { EventsError } from '#domain/schemas/events.ts';
import { errorsToldMax } from '#domain/schemas/events.ts';

/** What a request of several brought, as its reader found it. */
export type SortedRows = {
  events: EventToTake[];
  /** Position of each event among the rows, and its line; in the order of `events`. */
  positions: number[];
  lines: number[];
  rejected: RejectedRows;
};

type AnswerForm = { hasLines: boolean; hasReceipts: boolean };

/**
 * The answer once Kafka has decided, or before (`outcomes` undefined). Written by hand: it may tell of 100,000 rows. Of
 * those that are not taken it explains the first and counts the rest; with receipts, the rest are those that it does
 * not name.
 */
export function answerRows(
  { events, positions, lines, rejected }: SortedRows,
  form: AnswerForm,
  outcomes: readonly Outcome[] | undefined,
  eventIds: readonly string[],
): Answer {
  const errors = rejected.first.map((row): EventsError => toError(form, row.position, row.line, row.reason, row.message, false));
  let receipts = '';
  let accepted = 0;
  let retriable = 0;
  for (let i = 0; i < events.length; i++) {
    const outcome = outcomes?.[i];
    if (outcome instanceof Failure) {
      const isWorthAnother = outcome.kind !== 'invalid_data';
      if (isWorthAnother) retriable += 1;
      // They come in the order of rows: those behind the first many cannot be among the first of all.
      if (i - accepted >= errorsToldMax) continue;
      const { reason, message } = refusalOfFailure(outcome);
      errors.push(toError(form, positions[i]!, lines[i]!, reason, `${message}.`, isWorthAnother));
      continue;
    }
    accepted += 1;
    if (!form.hasReceipts) continue;
    const place = outcome === undefined ? '' : `"partition":${outcome.partition},"offset":${outcome.offset},`;
    receipts += `${receipts === '' ? '' : ','}{"position":${positions[i]!},"kind":"${events[i]!.kind}",${place}"event_id":"${eventIds[i]!}"}`;
  }
  const isRetriable = retriable > 0;
  const received = events.length + rejected.count;
  const failed = received - accepted;
  // Failures of Kafka stand behind what the door found; clients read in the order of their rows.
  if (errors.length > rejected.first.length) errors.sort((left, right) => left.position - right.position);
  errors.splice(errorsToldMax);
  const told = errors.filter((error) => error.retriable).length;
  const rest = failed > errors.length ? `,"errors_left_out":{"count":${failed - errors.length},"retriable":${retriable - told}}` : '';
  const counts = `"received":${received},"accepted":${accepted},"rejected":${failed}`;
  const body = `{${counts},"errors":${JSON.stringify(errors)}${rest}${form.hasReceipts ? `,"receipts":[${receipts}]` : ''}}`;
  // A single event's receipt is a header too, as on the other routes.
  const header = accepted === 1 && failed === 0 ? receiptHeader(events[0]!.kind, outcomes?.[0], eventIds[0]!) : undefined;
  return { ...answerJson(statusOf(accepted, failed, isRetriable), body, header), isRetriable };
}

function statusOf(accepted: number, rejected: number, isRetriable: boolean): number {
  if (rejected === 0) return 200;
  return accepted === 0 && !isRetriable ? 422 : 207;
}

function toError(form: AnswerForm, position: number, line: number, reason: string, message: string, retriable: boolean): EventsError {
  return form.hasLines ? { position, line, reason, message, retriable } : { position, reason, message, retriable };
}
