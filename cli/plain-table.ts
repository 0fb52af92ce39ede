import Table from 'cli-table3';
import columnsOf from 'string-width';
import truncate from 'cli-truncate';

/** A column by its name; numbers stand right, and are never cut. */
export type Column = string | { name: string; isNumber: boolean };
export type TableOptions = {
  /** Columns of the terminal, into which long values are cut; undefined where the reader wants everything. */
  width?: number | undefined;
  /** A line below the head, where rows could be taken for it. */
  rule?: boolean;
};

/** A column of numbers. */
export function numberOf(name: string): Column {
  return { name, isNumber: true };
}

const gap = '  ';
/** Of a cut column so much stays that a value can be told from others. */
const columnsMin = 8;
const places = ['top', 'bottom', 'left', 'right'].flatMap((side) => [side, `${side}-mid`]);
const noLines = Object.fromEntries(
  [...places, 'mid', 'mid-mid', 'top-left', 'top-right', 'bottom-left', 'bottom-right'].map((place) => [place, '']),
);

/**
 * The one form of tables: a line a row, without rules between them, columns two blanks apart, so that it reads well, is
 * copied well, and can be cut up by other programs. Values are printable: a line break in one would be a row.
 */
export function plainTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { width, rule = false }: TableOptions = {},
): string {
  const head = columns.map((column) => (typeof column === 'string' ? column : column.name));
  const isNumber = columns.map((column) => typeof column !== 'string' && column.isNumber);
  const widths = fittingWidths([head, ...rows], isNumber, width);
  const cut = (cells: readonly string[]): string[] =>
    cells.map((cell, i) => (columnsOf(cell) > widths[i]! ? truncate(cell, widths[i]!) : cell));
  const table = new Table({
    chars: { ...noLines, middle: gap },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: isNumber.map((right) => (right ? 'right' : 'left')),
  });
  table.push(cut(head), ...(rule ? [widths.map((columns) => '─'.repeat(columns))] : []), ...rows.map(cut));
  return table.toString().replaceAll(/ +$/gm, '');
}

/** Width of each column; where all do not fit, the widest of those that may be cut give way first. */
function fittingWidths(lines: readonly (readonly string[])[], isNumber: readonly boolean[], width: number | undefined): number[] {
  const widths = isNumber.map((_, i) => lines.reduce((most, line) => Math.max(most, columnsOf(line[i] ?? '')), 0));
  if (width === undefined) return widths;
  let excess = widths.reduce((sum, one) => sum + one, gap.length * (widths.length - 1)) - width;
  while (excess > 0) {
    const widest = widths.reduce((best, one, i) => (isNumber[i] !== true && (best < 0 || one > widths[best]!) ? i : best), -1);
    if (widest < 0 || widths[widest]! <= columnsMin) break;
    widths[widest]!--;
    excess--;
  }
  return widths;
}

/** Columns of the terminal that standard output is; undefined for a pipe or a file, whose reader gets every value whole. */
export function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}
