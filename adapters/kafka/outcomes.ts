import type { Ack } from '#adapters/kafka/produce.ts';
import { Failure } from '#domain/failures.ts';

/** What became of a record: where it is, or why it is nowhere (`exhausted`, `unavailable`, `invalid_data`, `denied`) or perhaps somewhere (`timeout`). */
export type Outcome = Ack | Failure;

/** The records of one call of `publish`, answered together. */
export type Batch = { outcomes: Outcome[]; left: number; done: (outcomes: Outcome[]) => void };

/** Notes the fate of one record; the last one answers the batch. */
export function decide(batch: Batch, index: number, outcome: Outcome): void {
  batch.outcomes[index] = outcome;
  batch.left -= 1;
  if (batch.left === 0) batch.done(batch.outcomes);
}

export const tooManyWaiting = 'Too many events are waiting for Kafka; the event was not sent. Send it again later';

/** Never sent. */
export function stalled(): Failure {
  return new Failure('unavailable', 'Kafka does not answer at the moment; the event was not sent. Send it again later.');
}

/** Sent, and nobody knows more. */
export function mayExist(cause: unknown): Failure {
  return new Failure('timeout', 'Kafka did not confirm the event in time; it may exist. Sending it again does no harm.', { cause });
}
