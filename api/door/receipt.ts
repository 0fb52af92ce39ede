import type { Outcome } from '#adapters/kafka/producer.ts';
import { Failure } from '#domain/failures.ts';
import type { Kind } from '#domain/kinds/list.ts';

/**
 * The header `Pinflow-Receipt` of a single event: a structured-field dictionary (RFC 9651) of kind, partition, offset
 * and event id; without partition and offset where nobody waited for Kafka.
 */
export function receiptHeader(kind: Kind, outcome: Outcome | undefined, eventId: string): Record<string, string> {
  const place = outcome === undefined || outcome instanceof Failure ? '' : `partition=${outcome.partition}, offset=${outcome.offset}, `;
  return { 'Pinflow-Receipt': `kind=${kind}, ${place}event-id="${eventId}"` };
}
