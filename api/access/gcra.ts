/**
 * A bucket of the generic cell rate algorithm: `rate` units a second flow in, `burst` fit. A cost above the burst is let
 * through where the bucket is full, and waited for afterwards: what passes in any W seconds is at most rate * W + the
 * larger of burst and the largest cost. Times are milliseconds of any clock that does not go back.
 */
export type Bucket = {
  /** How long until `cost` may pass; 0 where it may now. Takes nothing. No cost never waits. */
  waitMs(cost: number, nowMs: number): number;
  /** Takes what passes, and what did not pass and was looked at all the same. */
  take(cost: number, nowMs: number): void;
  /** Whole units that may pass at once. */
  remaining(nowMs: number): number;
  /** Until it is full. */
  resetMs(nowMs: number): number;
  readonly burst: number;
  /** In which one unit flows in. */
  readonly unitMs: number;
};

export function makeBucket(rate: number, burst: number): Bucket {
  const unitMs = 1_000 / rate;
  const depthMs = burst * unitMs;
  let fullAtMs = Number.NEGATIVE_INFINITY;
  const missingMs = (nowMs: number): number => Math.max(0, fullAtMs - nowMs);

  return {
    burst,
    unitMs,
    waitMs: (cost, nowMs) => (cost === 0 ? 0 : Math.max(0, missingMs(nowMs) - Math.max(0, depthMs - cost * unitMs))),
    take(cost, nowMs) {
      fullAtMs = nowMs + missingMs(nowMs) + cost * unitMs;
    },
    remaining: (nowMs) => Math.max(0, Math.floor((depthMs - missingMs(nowMs)) / unitMs + 1e-9)),
    resetMs: missingMs,
  };
}
