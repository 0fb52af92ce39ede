import { column } from '#domain/kinds/columns.ts';
import type { KindDefinition } from '#domain/kinds/kind.ts';

/** An invented kind: a collection of pins. */
export const board = {
  name: 'board',
  description: 'A board; only board_id is required.',
  endings: ['board', 'boards'],
  lakeTable: 'clean_boards',
  view: 'boards',
  sinkTable: 'public.board',
  identity: 'board_id',
  fields: [column('board_id', 'VARCHAR'), column('name', 'VARCHAR'), column('pins', 'BIGINT')],
  sortedBy: ['board_id'],
  wire: [
    { name: 'board_id', example: 'b-1', sourceType: 'text' },
    { name: 'name', example: 'Rainy days', sourceType: 'text' },
    { name: 'pins', example: 12, sourceType: 'bigint' },
  ],
} as const satisfies KindDefinition;
