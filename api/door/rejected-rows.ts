import type { RefusalReason } from '#api/answers/refusal.ts';
import { errorsToldMax } from '#domain/schemas/events.ts';

/** A row of a request of several that is not taken, while others are. `position` counts rows from 0, `line` from 1. */
export type RejectedRow = { position: number; line: number; reason: RefusalReason; message: string };

/** What stands in the place of a sentence where the format wants an entry for every record: no answer outgrows its request. */
export const asAbove = 'As above.';

/** Rows of a request that are no events: all are counted, the first are kept as they are told. */
export type RejectedRows = {
  count: number;
  first: readonly RejectedRow[];
  /** How many by reason, each with the sentence of its first. */
  byReason: ReadonlyMap<RefusalReason, { count: number; message: string }>;
};

export const noRejectedRows: RejectedRows = { count: 0, first: [], byReason: new Map() };

/** Rejected rows while they are found: whatever their number, what is kept of them is bounded. */
export function collectRejectedRows(): RejectedRows & { add(row: RejectedRow): void } {
  const first: RejectedRow[] = [];
  const byReason = new Map<RefusalReason, { count: number; message: string }>();
  return {
    count: 0,
    first,
    byReason,
    add(row) {
      this.count += 1;
      if (first.length < errorsToldMax) first.push(row);
      const alike = byReason.get(row.reason);
      if (alike === undefined) byReason.set(row.reason, { count: 1, message: row.message });
      else alike.count += 1;
    },
  };
}
