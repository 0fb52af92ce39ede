import { setTimeout as delay } from 'node:timers/promises';
import type { Progress } from '#activities/batch/progress.ts';
import { readInterval } from '#activities/ledger/interval-ledger.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { IntervalState } from '#domain/lake/interval-state.ts';

export type RunAwaited = { state: IntervalState };

const pollMs = 500;

/** Waits until the interval's run, which somebody else started, has ended or the deadline is over. */
export async function awaitRun(postgres: Postgres, start: string, waitMs: number, progress: Progress): Promise<RunAwaited> {
  const until = performance.now() + waitMs;
  for (;;) {
    const { state } = await readInterval(postgres, start);
    if (state !== 'running' || performance.now() >= until) return { state };
    progress.beat();
    await delay(pollMs, undefined, { signal: progress.signal });
  }
}
