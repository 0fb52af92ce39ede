import type { IncomingMessage } from 'node:http';
import type { Refusal } from '#api/answers/refusal.ts';
import type { Behind } from '#api/door/behind.ts';
import type { BodyLimits } from '#api/door/body-limits.ts';
import type { BodyDecoder } from '#api/door/decode-body.ts';
import { tooManyBodies } from '#api/door/refusals.ts';

/** Bytes of bodies that are being read, decoded, over all connections: many slow senders must not fill the memory. */
export type BodyBudget = {
  bytesUsed: number;
  readonly bytesMax: number;
  /** Gives back, where it can, what stands in the way of so many bytes. Set by what holds some that it can do without. */
  makeRoom?(bytes: number): void;
};

/** Who wants a body: takes its pieces, hears of its end. What each means stands at `gatherBody`. */
export type BodyTaker = {
  write: (chunk: Buffer | undefined) => Refusal | Behind | undefined;
  done: (refusal: Refusal | undefined, bytes: number, closeAfter: boolean, looked: number) => void | Promise<void>;
  fail: (error: unknown) => void;
};

/** A body while it is read. A plain object: every request has one, and the hot path makes no functions. */
export type Gathering = Readonly<BodyTaker> & {
  readonly req: IncomingMessage;
  readonly limits: BodyLimits;
  readonly budget: BodyBudget;
  refusal: Refusal | undefined;
  /** Bytes that came, and those of them that were looked at. */
  size: number;
  looked: number;
  /** Bytes that had come when others had their turn last. */
  turnBegan: number;
  /** Bytes of the budget that this body holds. */
  held: number;
  hasEnded: boolean;
  /** Whether the last piece came: a stream tells its end also where it was paused in that piece. */
  isRead: boolean;
  isBehind: boolean;
  finished: boolean;
  decoder: BodyDecoder | undefined;
};

export function finish(body: Gathering, closeAfter: boolean): void {
  if (body.finished) return;
  body.finished = true;
  let working: void | Promise<void> = undefined;
  try {
    working = body.done(body.refusal, body.size, closeAfter, body.looked);
  } catch (error) {
    // Express does not see what an event listener throws; one request must not end the process.
    body.fail(error);
  }
  if (working === undefined) return release(body);
  working.then(
    () => release(body),
    (error: unknown) => {
      release(body);
      body.fail(error);
    },
  );
}

export function abandon(body: Gathering): void {
  body.finished = true;
  body.decoder?.destroy();
  release(body);
}

export function hold(body: Gathering, bytes: number): Refusal | undefined {
  const { budget } = body;
  if (budget.bytesUsed + bytes > budget.bytesMax) budget.makeRoom?.(bytes);
  if (budget.bytesUsed + bytes > budget.bytesMax) return tooManyBodies;
  body.held += bytes;
  budget.bytesUsed += bytes;
  return undefined;
}

export function release(body: Gathering): void {
  body.budget.bytesUsed -= body.held;
  body.held = 0;
}

/** Hands the taker a piece, or (undefined) lets it go on where it is behind. */
export function take(body: Gathering, chunk: Buffer | undefined): Refusal | Behind | undefined {
  const full = chunk === undefined ? undefined : hold(body, chunk.length);
  if (full !== undefined) return full;
  try {
    return body.write(chunk);
  } catch (error) {
    abandon(body);
    body.fail(error);
    return undefined;
  }
}

/** Outside of the body's own events. */
export function refuse(body: Gathering, why: Refusal): void {
  body.refusal ??= why;
  body.decoder?.destroy();
  release(body);
  if (body.hasEnded) finish(body, false);
  else body.req.resume();
}
