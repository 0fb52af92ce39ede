/**
 * Puts relations below a SELECT of domain/: each is given as SQL text, by the name that the SELECT, or a later relation, reads.
 * A SELECT may have a WITH of its own, which is why it goes into brackets.
 */
export function overRelations(relations: Readonly<Record<string, string>>, select: string): string {
  const ctes = Object.entries(relations).map(([name, sql]) => `${name} AS (\n${sql.trimEnd()}\n)`);
  return `WITH ${ctes.join(', ')}\nSELECT * FROM (\n${select.trimEnd()}\n)`;
}
