import Table from 'cli-table3';

/** Characters of a table without lines: columns two blanks apart, readable when copied and when piped. */
const withoutLines = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ].map((place) => [place, '']),
);

/** A table without lines or colours. */
export function plainTable(head: string[], rows: string[][]): string {
  const table = new Table({
    head,
    chars: { ...withoutLines, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows);
  return table.toString().replaceAll(/ +$/gm, '');
}

/** A table with lines, for values that may hold blanks and line breaks. */
export function linedTable(head: string[], rows: string[][]): string {
  const table = new Table({ head, style: { head: [], border: [] } });
  table.push(...rows);
  return table.toString();
}
