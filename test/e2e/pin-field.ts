/** Text that is put behind another that stands `times` times in a file (default once). */
export type Insertion = { file: string; after: string; insert: string; times?: number };

const fields = 'domain/kinds/pin/fields.ts';
const clean = 'domain/kinds/pin/clean.sql';

/** One more field of pins, an invented one: what a person would write into the kind's folder, beside `category`. */
export const pinField: readonly Insertion[] = [
  { file: fields, after: "column('downloaded', 'BOOLEAN'),", insert: " column('board_name', 'VARCHAR')," },
  {
    file: fields,
    after: "{ name: 'category', example: 'art', sourceType: 'text' },",
    insert: " { name: 'board_name', example: 'Rainy days', strict: 'optional text' },",
  },
  { file: clean, after: '"category":"VARCHAR",', insert: '"board_name":"VARCHAR",' },
  { file: clean, after: 'f."category" AS category_in,', insert: ' f."board_name" AS board_name_in,' },
  { file: clean, after: '(category_in IS NOT NULL)::INTEGER', insert: ' + (board_name_in IS NOT NULL)::INTEGER' },
  { file: clean, after: '"category":null,', insert: '"board_name":null,' },
  { file: clean, after: 'void_reason(place) AS place_reason,', insert: ' void_reason(board_name_in) AS board_reason,' },
  { file: clean, after: 'is_downloaded AS downloaded,', insert: ' CASE WHEN board_reason IS NULL THEN board_name_in END AS board_name,' },
  { file: clean, after: "'save_location', 'category',", insert: " 'board_name'," },
  { file: clean, after: 'place_reason, category_reason,', insert: ' board_reason,', times: 2 },
  { file: clean, after: 'save_location_in, category_in,', insert: ' board_name_in,', times: 2 },
  { file: clean, after: "'$.category',", insert: " '$.board_name'," },
];

export const pinFieldMigration = 'ALTER TABLE public.experimental_data ADD COLUMN board_name text;\n';
