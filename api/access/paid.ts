import type { Taken } from '#api/access/taken-in-parts.ts';
import { makeTaken } from '#api/access/taken-in-parts.ts';

/** What a request that is being read has paid for already, and what that took of its key's rates. */
export type Paid = { events: number; bytes: number; readonly taken: Taken };

export function makePaid(): Paid {
  return { events: 0, bytes: 0, taken: makeTaken() };
}
