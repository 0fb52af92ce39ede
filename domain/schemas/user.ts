import { z } from 'zod';
import { refuseBadKey } from '#domain/door/row-key.ts';
import { rowNumbers } from '#domain/schemas/fields.ts';

const field = z.unknown().optional();

/** A user row as clients send it: only a row number is required; whatever else is missing becomes NULL. */
export const userRow = z
  .looseObject({ ...rowNumbers, first_name: field, last_name: field, age: field, date_joined: field })
  .check(refuseBadKey('user'))
  .meta({
    description: 'Who posted a pin; ind (also called index or idx) is required.',
    examples: [{ ind: 7528, first_name: 'Ada', last_name: 'Example', age: 20, date_joined: '2015-10-24T11:23:51' }],
  });
