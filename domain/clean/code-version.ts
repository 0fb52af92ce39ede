import { createHash } from 'node:crypto';
import { rejectColumns } from '#domain/clean/reject-columns.ts';
import { cleanColumnsOf } from '#domain/kinds/list.ts';

/**
 * The version of the code that a clean row is a function of: SHA-256 over the cleaning SQL and the schemas.
 * @param sqlTexts text of every file below domain/clean and domain/kinds, by name.
 */
export function codeVersion(sqlTexts: Readonly<Record<string, string>>): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(sqlTexts).toSorted()) hash.update(JSON.stringify([name, sqlTexts[name]]));
  return hash.update(JSON.stringify([cleanColumnsOf, rejectColumns])).digest('hex');
}
