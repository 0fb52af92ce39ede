import type { Progress } from '#activities/batch/progress.ts';
import { failureKindOf } from '#domain/failures.ts';

/**
 * One small step of a clean-up, a short transaction of its own: removes at most about `rowsMax` of what is out of
 * retention. `isDone`: there was no more at that moment.
 */
export type Sweep = (rowsMax: number) => Promise<{ removed: number; isDone: boolean }>;

export type SweepLimits = {
  /** What one step removes at most: bounds its locks. */
  rowsMax: number;
  /** How long the steps of one call may take together; `isDone` false says that there is more. */
  budgetMs: number;
};

export type Swept = { removed: number; isDone: boolean };

/** A step may wait on a slow server longer than a beat may be missing: S3 is asked three times, 15 s each. */
const beatMs = 5_000;

/**
 * Repeats a step until nothing is old: however much there is, no statement is large, and whoever comes to the same rows
 * waits for one step at most. A step that takes too long for Postgres is tried with half the rows.
 */
export async function sweepAll(sweep: Sweep, limits: SweepLimits, progress: Progress): Promise<Swept> {
  const until = performance.now() + limits.budgetMs;
  let { rowsMax } = limits;
  let removed = 0;
  const beating = setInterval(() => progress.beat({ removed }), beatMs);
  try {
    for (;;) {
      progress.signal.throwIfAborted();
      try {
        const step = await sweep(rowsMax);
        removed += step.removed;
        progress.beat({ removed });
        if (step.isDone || performance.now() >= until) return { removed, isDone: step.isDone };
      } catch (error) {
        const kind = failureKindOf(error);
        // Fewer rows are also fewer locks to wait for.
        if ((kind !== 'timeout' && kind !== 'conflict') || rowsMax === 1) throw error;
        rowsMax = Math.ceil(rowsMax / 2);
      }
    }
  } finally {
    clearInterval(beating);
  }
}
