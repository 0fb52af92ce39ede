import { column } from '#domain/kinds/columns.ts';
import type { KindDefinition } from '#domain/kinds/kind.ts';

/** Where and when a pin was posted. */
export const geo = {
  name: 'geo',
  description: 'Where and when a pin was posted; ind (also called index or idx) is required.',
  endings: ['geo'],
  lakeTable: 'clean_geo',
  view: 'geo',
  sinkTable: 'public.geo',
  identity: 'ind',
  fields: [
    column('ind', 'BIGINT'),
    column('country', 'VARCHAR'),
    column('coordinates', 'DOUBLE[]'),
    column('timestamp', 'TIMESTAMPTZ'),
    column('latitude', 'DOUBLE'),
    column('longitude', 'DOUBLE'),
  ],
  sortedBy: ['timestamp', 'ind'],
  wire: [
    { name: 'ind', example: 7528, sourceType: 'bigint' },
    { name: 'timestamp', example: '2020-08-28 03:52:47', sourceType: 'timestamp' },
    { name: 'latitude', example: -89.9787, sourceType: 'double precision' },
    { name: 'longitude', example: -173.293, sourceType: 'double precision' },
    { name: 'country', example: "Cote d'Ivoire", sourceType: 'text' },
  ],
  emulated: { table: 'geolocation_data', key: 'ind' },
} as const satisfies KindDefinition;
