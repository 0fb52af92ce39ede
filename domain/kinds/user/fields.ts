import { column } from '#domain/kinds/columns.ts';
import type { KindDefinition } from '#domain/kinds/kind.ts';

/** Who posted a pin. */
export const user = {
  name: 'user',
  description: 'Who posted a pin; ind (also called index or idx) is required.',
  endings: ['user', 'users'],
  lakeTable: 'clean_users',
  view: 'users',
  sinkTable: 'public.users',
  identity: 'ind',
  fields: [column('ind', 'BIGINT'), column('user_name', 'VARCHAR'), column('age', 'BIGINT'), column('date_joined', 'TIMESTAMPTZ')],
  sortedBy: ['date_joined', 'ind'],
  wire: [
    { name: 'ind', example: 7528, sourceType: 'bigint' },
    { name: 'first_name', example: 'Ada', sourceType: 'text' },
    { name: 'last_name', example: 'Example', sourceType: 'text' },
    { name: 'age', example: 20, sourceType: 'int' },
    { name: 'date_joined', example: '2015-10-24T11:23:51', sourceType: 'timestamp' },
  ],
  emulated: { table: 'user_data', key: 'ind' },
} as const satisfies KindDefinition;
