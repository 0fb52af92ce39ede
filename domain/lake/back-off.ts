const firstMs = 5_000;
const msMax = 900_000;

/** How long what failed so often in a row rests before it is tried again: 5 s, then four times as long each, to 15 min. */
export function backOffMs(failures: number): number {
  return Math.min(firstMs * 4 ** (failures - 1), msMax);
}
