import { show } from '#bench/measure/numbers.ts';
import { plainTable } from '#cli/plain-table.ts';

/** What is to be reached, and what a run found. Targets are stated; nothing fails for them. */
export type Target = {
  name: string;
  wanted: number;
  /** NaN where it was not measured. */
  found: number;
  unit: string;
  /** Whether more is better, or less. */
  isFloor: boolean;
};

export function isReached({ found, wanted, isFloor }: Target): boolean {
  return isFloor ? found >= wanted : found <= wanted;
}

export function targetTable(targets: readonly Target[]): string {
  return plainTable(
    ['what', 'wanted', 'found', ''],
    targets.map((target) => {
      const { name, wanted, found, unit, isFloor } = target;
      const digits = Math.max(wanted, found) < 1_000 ? 2 : 0;
      return [
        name,
        `${isFloor ? '>=' : '<='} ${show(wanted, decimalsOf(wanted))} ${unit}`,
        Number.isNaN(found) ? '-' : `${show(found, digits)} ${unit}`,
        Number.isNaN(found) ? 'not measured' : isReached(target) ? 'reached' : 'NOT reached',
      ];
    }),
  );
}

function decimalsOf(value: number): number {
  return String(value).split('.')[1]?.length ?? 0;
}
