/**
 * Names as a sentence has them: 'a', 'a and b', 'a, b and c'. Not by Intl.ListFormat, whose tables each process would
 * read at its start: 15 ms, for the sake of some help texts.
 */
export function listed(names: readonly string[], word: 'and' | 'or' = 'and'): string {
  const before = names.slice(0, -1).join(', ');
  return [before, ...names.slice(-1)].filter((part) => part !== '').join(` ${word} `);
}
