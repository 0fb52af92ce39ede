/**
 * Works on many items, at most `lanesMax` at a time, in order; results come in the items' order. After the first error no
 * further item is begun. It is thrown at once: what other lanes are in the middle of goes on, and nobody hears of it.
 *
 * Our own, not p-map or p-limit: it is ten lines, workflows run it too, and what they bundle is replayed for years.
 */
export async function inLanes<Item, Result>(
  items: readonly Item[],
  lanesMax: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array<Result>(items.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const i = next++;
      try {
        results[i] = await work(items[i]!);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanesMax, items.length) }, lane));
  return results;
}
