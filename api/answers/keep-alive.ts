import type { ServerResponse } from 'node:http';

/** How often who is quiet says that it lives, in ms. */
const heartbeatMsDefault = 15_000;

/**
 * Has `beat` called now and then for an answer that goes on, so that nobody on the way takes a quiet connection for dead;
 * lets go of a reader that takes nothing for `stuckMsMax`, also where the answer has ended and waits to be taken.
 */
export function keepAlive(
  res: ServerResponse,
  { beat, stuckMsMax, heartbeatMs = heartbeatMsDefault }: { beat: () => void; stuckMsMax: number; heartbeatMs?: number | undefined },
): void {
  let movedAt = performance.now();
  const clock = setInterval(() => {
    if (res.writableNeedDrain) {
      if (performance.now() - movedAt > stuckMsMax) res.destroy();
      return;
    }
    // Nothing waits for the reader: only what comes now can get stuck.
    movedAt = performance.now();
    if (!res.writableEnded) beat();
  }, heartbeatMs).unref();
  res.on('drain', () => (movedAt = performance.now()));
  res.on('close', () => clearInterval(clock));
}
