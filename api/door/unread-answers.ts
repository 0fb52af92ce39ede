import type { ServerResponse } from 'node:http';
import type { Log } from '#adapters/log.ts';
import type { BodyBudget } from '#api/door/gathering.ts';

/** Answers whose clients have not taken them yet. */
export type UnreadAnswers = {
  /** To be told of an answer that is written and has not left for the client at once. */
  watch(res: ServerResponse): void;
};

/** How often late readers are looked for, at most. */
const lookMsMax = 1_000;
/** What unread answers keep of the budget however full it is: others' bodies may fill it, and no reader is to blame for them. */
const ownShare = 0.25;

/**
 * Bounds what clients leave unread: an answer must be taken within `timeoutMs`, else its connection is ended, however
 * little of it is taken now and then. Its bytes count in the budget of bodies until then. Where that has no room, for an
 * answer or for a body, and the answers have more than their share, the connections end of those that read the longest:
 * what they were told of is in the log, and a retry does no harm.
 */
export function makeUnreadAnswers(options: { budget: BodyBudget; timeoutMs: number; log: Log }): UnreadAnswers {
  const { budget, timeoutMs, log } = options;
  /** In the order in which they were written. */
  const unread = new Map<ServerResponse, { bytes: number; since: number }>();
  let bytesUnread = 0;
  let clock: NodeJS.Timeout | undefined;
  let ended = 0;

  function watch(res: ServerResponse): void {
    const bytes = res.writableLength;
    unread.set(res, { bytes, since: performance.now() });
    hold(bytes);
    res.once('close', () => forget(res));
    makeRoom(0);
    clock ??= setInterval(look, Math.min(lookMsMax, timeoutMs / 2)).unref();
  }

  function makeRoom(bytes: number): void {
    for (const [oldest] of unread) {
      if (budget.bytesUsed + bytes <= budget.bytesMax || bytesUnread <= budget.bytesMax * ownShare) break;
      end(oldest);
    }
  }

  function hold(bytes: number): void {
    bytesUnread += bytes;
    budget.bytesUsed += bytes;
  }

  function forget(res: ServerResponse): void {
    const answer = unread.get(res);
    if (answer === undefined) return;
    unread.delete(res);
    hold(-answer.bytes);
  }

  function end(res: ServerResponse): void {
    ended += 1;
    forget(res);
    // The socket, not the answer: one that waits behind another on its connection has none of its own yet.
    res.req.socket.destroy();
  }

  function look(): void {
    const before = performance.now() - timeoutMs;
    for (const [res, { since }] of unread) {
      if (since > before) break;
      end(res);
    }
    if (ended > 0) log.warn('connections were ended: their clients did not read their answers', { connections: ended });
    ended = 0;
    // Here, not where the last one leaves: what was ended is to be told first.
    if (unread.size > 0) return;
    clearInterval(clock);
    clock = undefined;
  }

  budget.makeRoom = makeRoom;
  return { watch };
}
