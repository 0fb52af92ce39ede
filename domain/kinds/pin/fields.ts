import { column } from '#domain/kinds/columns.ts';
import type { KindDefinition } from '#domain/kinds/kind.ts';

/** A picture or video that somebody posted. */
export const pin = {
  name: 'pin',
  description: 'A pin; only unique_id is required.',
  endings: ['pin', 'pins'],
  lakeTable: 'clean_pins',
  view: 'pins',
  sinkTable: 'public.experimental_data',
  identity: 'unique_id',
  fields: [
    column('ind', 'BIGINT'),
    column('unique_id', 'VARCHAR'),
    column('title', 'VARCHAR'),
    column('description', 'VARCHAR'),
    column('follower_count', 'BIGINT'),
    column('poster_name', 'VARCHAR'),
    column('tag_list', 'VARCHAR[]'),
    column('is_image_or_video', 'VARCHAR'),
    column('image_src', 'VARCHAR'),
    column('save_location', 'VARCHAR'),
    column('category', 'VARCHAR'),
    column('downloaded', 'BOOLEAN'),
  ],
  sortedBy: ['category', 'append_time', 'unique_id'],
  wire: [
    { name: 'index', example: 7528, strict: 'integer', sourceType: 'bigint' },
    { name: 'unique_id', example: '3f0c1d2e-6a54-4b0f-9c57-0d1f2a3b4c5d', sourceType: 'text' },
    { name: 'title', example: 'Café 🚀 ideas', sourceType: 'text' },
    { name: 'description', example: 'Ten quick ideas…\u00a0', sourceType: 'text' },
    // The first clients never sent it: their API dropped it.
    { name: 'poster_name', example: 'Some Poster', strict: 'optional text', sourceType: 'text' },
    { name: 'follower_count', example: '5k', description: 'A count as the service shows it: 766, 5k, 15M.', sourceType: 'text' },
    { name: 'tag_list', example: 'Tag One,Tag Two', description: 'Tags, joined by commas.', sourceType: 'text' },
    { name: 'is_image_or_video', example: 'image', sourceType: 'text' },
    { name: 'image_src', example: 'https://example.invalid/originals/a.jpg', sourceType: 'text' },
    { name: 'downloaded', example: 1, strict: 'flag', sourceType: 'int' },
    { name: 'save_location', example: 'Local save in /data/art', sourceType: 'text' },
    { name: 'category', example: 'art', sourceType: 'text' },
  ],
  emulated: { table: 'pinterest_data', key: 'index' },
} as const satisfies KindDefinition;
