const numbers = new Intl.NumberFormat('en-GB');
const short = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumSignificantDigits: 3 });

/** 12,345 */
export const wholeText = (value: number): string => numbers.format(value);
/** 12.3K */
export const shortText = (value: number): string => short.format(value);

/** 4 s, 3 min, 2 h, 5 d; a tenth below ten seconds. */
export function durationText(seconds: number): string {
  if (seconds < 9.95) return `${Math.round(seconds * 10) / 10} s`;
  for (const [unit, size, next] of [
    ['s', 1, 120],
    ['min', 60, 7_200],
    ['h', 3_600, 172_800],
  ] as const)
    if (seconds < next) return `${Math.round(seconds / size)} ${unit}`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** A rate a second, as short as it can be told. */
export const rateText = (perSecond: number): string => `${perSecond < 10 ? Math.round(perSecond * 10) / 10 : shortText(perSecond)}/s`;
