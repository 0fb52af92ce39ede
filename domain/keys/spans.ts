const secondsByUnit = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** Spans that a sentence may give as examples. */
export const spanExamples = '45s, 5m, 12h or 2d';

/** A span of time as people write it, `90d`, `12h`, `30m` or `45s`, in seconds; undefined where it is none. */
export function parseSpan(text: string): number | undefined {
  const [, count, unit] = /^([1-9]\d{0,8})([smhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * secondsByUnit[unit as keyof typeof secondsByUnit];
}
