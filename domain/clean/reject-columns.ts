import type { Column } from '#domain/kinds/columns.ts';
import { column, coordinateColumns, headerColumns } from '#domain/kinds/columns.ts';

/** Columns of the lake table `rejects`. `value` is text where it is UTF-8 (`encoding` = 'text'), else base64 ('base64'). */
export const rejectColumns: readonly Column[] = [
  column('kind', 'VARCHAR'),
  column('reason', 'VARCHAR'),
  ...coordinateColumns,
  ...headerColumns,
  column('source', 'VARCHAR'),
  column('value', 'VARCHAR'),
  column('encoding', 'VARCHAR'),
];
