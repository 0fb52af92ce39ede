import type { IncomingMessage } from 'node:http';
import type { Access, Allowance, Caller } from '#api/access/caller.ts';
import type { Paid } from '#api/access/paid.ts';
import { makePaid } from '#api/access/paid.ts';
import type { Refusal } from '#api/answers/refusal.ts';

/**
 * What one request pays of its caller's allowance. A body that comes in one piece pays at its end, where what it brings
 * is known; any other pays while it is read, so that of several at once, which all saw a full allowance, only those go on
 * whose rate reaches, and each has paid for what was looked at. Rows and bytes are those since the request began.
 * A plain object: the hot path makes no functions.
 */
export type Payment = {
  readonly access: Access;
  readonly caller: Caller;
  /** What was paid while the body was read; undefined where nothing was yet. */
  paid: Paid | undefined;
  /** That the allowance did not reach. */
  refused: Allowance | undefined;
};

/** What the caller's allowance does not reach, seen from the headers. Takes nothing: nothing was looked at. */
export function foreseePayment(payment: Payment, req: IncomingMessage): Refusal | undefined {
  payment.refused = payment.access.foresee(payment.caller, 1, Number(req.headers['content-length'] ?? 1));
  return payment.refused?.refusal;
}

/** Pays for what was read so far. Where the allowance does not reach that is owed, and no more is to be read. */
export function payOn(payment: Payment, rows: number, bytes: number): Refusal | undefined {
  payment.paid ??= makePaid();
  // It brings an event at least, though none was counted yet.
  const allowance = spendRest(payment, Math.max(1, rows), bytes, false);
  if (allowance?.refusal !== undefined) payment.refused = allowance;
  return allowance?.refusal;
}

/** Pays for the whole request. */
export function payAll(payment: Payment, rows: number, bytes: number): Allowance | undefined {
  return spendRest(payment, rows, bytes, true);
}

/**
 * Pays for a request that is refused, unless it is for its allowance; that it says in any case. `bytes` are those that were
 * looked at: what is only discarded costs nothing, as it does behind a 429. Nor does more than was paid where it is our fault.
 */
export function payRefused({ access, caller, paid, refused }: Payment, refusal: Refusal, bytes: number): Allowance | undefined {
  if (refusal === refused?.refusal) return refused;
  return access.owe(caller, rest(rowsOf(refusal), paid?.events), refusal.status >= 500 ? 0 : rest(bytes, paid?.bytes));
}

function spendRest({ access, caller, paid }: Payment, rows: number, bytes: number, isLast: boolean): Allowance | undefined {
  const events = rest(rows, paid?.events);
  const more = rest(bytes, paid?.bytes);
  const allowance = access.spend(caller, events, more, paid, isLast);
  if (paid !== undefined) {
    paid.events += events;
    paid.bytes += more;
  }
  return allowance;
}

function rest(all: number, paid = 0): number {
  return Math.max(0, all - paid);
}

/** What a refusal costs in rows: what was looked at, as if it had been taken, but not what is our fault. */
export function rowsOf({ status, rows }: Refusal): number {
  return status >= 500 ? 0 : (rows ?? 1);
}
