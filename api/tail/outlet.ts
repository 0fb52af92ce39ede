import type { ServerResponse } from 'node:http';
import { keepAlive } from '#api/answers/keep-alive.ts';
import type { Emit } from '#questions/tail/tail-lines.ts';
import { textOfLine } from '#questions/tail/tail-lines.ts';

/** Lines on their way to one reader of a tail. */
export type Outlet = {
  emit: Emit;
  /** Ends the answer, with a last word where there is one. */
  end(message?: string): void;
};

/** Bytes that a reader may be behind; beyond it lines wait or are left out. */
const behindBytesMax = 1_048_576;
/** Lines a second of what arrives; more would be work that the door's events wait for. */
const linesPerSecondMax = 5_000;

/**
 * Writes lines to an answer that has begun. A reader that is too slow gets a line that says how many it missed; one that
 * is quiet for long gets an empty line now and then, so that nobody on the way takes the connection for dead.
 */
export function makeOutlet(
  res: ServerResponse,
  options: {
    limit: number;
    heartbeatMs?: number;
    /** A reader that takes nothing for so long is gone. */
    stuckMsMax: number;
    onEnd: () => void;
  },
): Outlet {
  let sent = 0;
  let skipped = 0;
  let ended = false;
  let second = 0;
  let thisSecond = 0;
  let room = Promise.withResolvers<void>();
  keepAlive(res, { beat, stuckMsMax: options.stuckMsMax, heartbeatMs: options.heartbeatMs });
  res.on('drain', () => {
    tellSkipped();
    room.resolve();
    room = Promise.withResolvers();
  });
  res.on('close', finish);

  const emit: Emit = (line, mayWait) => {
    if (ended) return undefined;
    if (isFull()) {
      if (mayWait) return room.promise.then(() => emit(line, true));
      skipped++;
    } else if (!mayWait && isTooFast()) skipped++;
    else write(line);
    return undefined;
  };

  function isFull(): boolean {
    return res.writableLength > behindBytesMax;
  }

  function isTooFast(): boolean {
    const now = Math.floor(performance.now() / 1_000);
    if (now !== second) {
      second = now;
      thisSecond = 0;
    }
    return ++thisSecond > linesPerSecondMax;
  }

  function write(line: string): void {
    tellSkipped();
    res.write(`${line}\n`);
    if (++sent >= options.limit) end();
  }

  function tellSkipped(): void {
    if (skipped === 0 || ended) return;
    res.write(`${textOfLine({ type: 'skipped', count: skipped })}\n`);
    skipped = 0;
  }

  function beat(): void {
    tellSkipped();
    res.write('\n');
  }

  function end(message?: string): void {
    if (ended) return;
    // Whoever ends the process must not wait for a reader that takes nothing.
    if (isFull()) res.destroy();
    else {
      tellSkipped();
      res.end(message === undefined ? '' : `${textOfLine({ type: 'note', message })}\n`);
    }
    finish();
  }

  function finish(): void {
    if (ended) return;
    ended = true;
    room.resolve();
    options.onEnd();
  }

  return { emit, end };
}
