import type { Refusal } from '#api/answers/refusal.ts';
import { overloaded } from '#api/answers/refusal.ts';
import type { Failure } from '#domain/failures.ts';

export function accountAway({ message }: Failure): Refusal {
  return overloaded(`The account of refusals cannot be read: ${message.replace(/\.$/, '')}`);
}
