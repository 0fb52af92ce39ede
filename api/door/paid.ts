import type { Taken } from '#api/access/gcra.ts';
import { makeTaken } from '#api/access/gcra.ts';

/** What a request that is being read has paid for already, and what that took of its key's rates. */
export type Paid = { events: number; bytes: number; readonly taken: Readonly<Record<'events' | 'bytes', Taken>> };

export function makePaid(): Paid {
  return { events: 0, bytes: 0, taken: { events: makeTaken(), bytes: makeTaken() } };
}
