/** The middle value; of an even number the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value that a share of all does not exceed (nearest rank). `sorted` ascends. NaN of none. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** A number for a table: as many digits as say something, `-` for one that is not known. */
export function show(value: number | undefined, digits = 0): string {
  return value === undefined || Number.isNaN(value)
    ? '-'
    : value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `median (min-max)`, or the one value. */
export function showSpread(values: readonly number[], digits = 0): string {
  if (values.length < 2) return show(values[0], digits);
  return `${show(median(values), digits)} (${show(Math.min(...values), digits)}-${show(Math.max(...values), digits)})`;
}
