import { pin } from '#domain/kinds/pin/fields.ts';

/** A question to the lake, for people to begin with. */
export const exampleQuestion = `SELECT category, count(*) FROM ${pin.view} GROUP BY 1 ORDER BY 2 DESC`;
export const exampleTitle = 'Posts by category';
