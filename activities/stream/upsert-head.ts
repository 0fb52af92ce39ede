import { readFileSync } from 'node:fs';
import type { Kind } from '#domain/terms.ts';

/**
 * The first half of the statement that upserts identities of a kind: the CTEs `incoming` and `upserted`. `upserted` is the
 * change set, a row an identity that was written to: inserted, newer (a later record gave it content), changed (its content
 * became another), and `readColumns`, which metrics read, as they are now and, with `old_` before, as they were.
 */
export function upsertHead(kind: Kind, readColumns: readonly string[]): string {
  const head = readFileSync(new URL(`./upsert-${kind}.sql`, import.meta.url), 'utf8').trimEnd();
  const returned = readColumns.map((name) => `,\n    old.${name} AS old_${name}, new.${name}`).join('');
  return `${head}${returned}\n)`;
}
