import { z } from 'zod';
import { refuseBadKey } from '#domain/door/row-key.ts';
import { rowNumbers } from '#domain/schemas/fields.ts';

const field = z.unknown().optional();

/** A geo row as clients send it: only a row number is required; whatever else is missing becomes NULL. */
export const geoRow = z
  .looseObject({ ...rowNumbers, timestamp: field, latitude: field, longitude: field, country: field })
  .check(refuseBadKey('geo'))
  .meta({
    description: 'Where and when a pin was posted; ind (also called index or idx) is required.',
    examples: [{ ind: 7528, timestamp: '2020-08-28 03:52:47', latitude: -89.9787, longitude: -173.293, country: 'Albania' }],
  });
