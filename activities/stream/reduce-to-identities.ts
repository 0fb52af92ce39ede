import type { CleanedBatch } from '#adapters/duckdb/lasting-cleaner.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { definitionOf } from '#domain/kinds/list.ts';

/** Columns of the rows that go to the sink: one row an identity. Arrays are parallel and `rows` long. */
export type IdentityRows = { rows: number; columns: Record<string, unknown[]>; firstOffset: number[]; firstAppendTime: unknown[] };
export type RejectRow = { offset: number; reason: string };

/**
 * Reduces the clean rows of one partition's batch to the latest per identity, keeping where the identity stood first
 * (one statement may not upsert a key twice), both by (append time, offset), and takes the rejects out. `clean` counts the clean rows before.
 */
export function reduceToIdentities(kind: Kind, cleaned: CleanedBatch): { identities: IdentityRows; rejects: RejectRow[]; clean: number } {
  const column = (name: string): unknown[] => {
    const values = cleaned.columns[name];
    if (values === undefined) throw new Error(`cleaning a ${kind} gave no column ${name}`);
    return values;
  };
  const offsets = column('offset') as number[];
  const reject = column('reject') as (string | null)[];
  const identity = column(definitionOf[kind].identity);
  const appendTime = column('append_time') as string[];
  // ISO texts of one form sort as their times do.
  const isBefore = (a: number, b: number): boolean =>
    appendTime[a] === appendTime[b]
      ? (offsets[a] as number) < (offsets[b] as number)
      : (appendTime[a] as string) < (appendTime[b] as string);
  const rejects: RejectRow[] = [];
  const found = new Map<unknown, { first: number; latest: number }>();
  for (const index of offsets.keys()) {
    const reason = reject[index];
    if (reason !== null && reason !== undefined) {
      rejects.push({ offset: offsets[index] as number, reason });
      continue;
    }
    const seen = found.get(identity[index]);
    if (seen === undefined) found.set(identity[index], { first: index, latest: index });
    else {
      if (isBefore(index, seen.first)) seen.first = index;
      if (isBefore(seen.latest, index)) seen.latest = index;
    }
  }
  const picked = [...found.values()];
  const columns: Record<string, unknown[]> = {};
  for (const [name, values] of Object.entries(cleaned.columns)) columns[name] = picked.map(({ latest }) => values[latest]);
  return {
    identities: {
      rows: picked.length,
      columns,
      firstOffset: picked.map(({ first }) => offsets[first] as number),
      firstAppendTime: picked.map(({ first }) => appendTime[first]),
    },
    rejects,
    clean: cleaned.rows - rejects.length,
  };
}
