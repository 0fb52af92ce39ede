import { z } from 'zod';

/** The texts that cleaning takes for an integer: digits, with blanks around and a fraction of zeros. */
const digits = /^\s*-?\d+(\.0+)?\s*$/;

export const integerLike = z
  .union([z.number().refine(Number.isInteger).meta({ type: 'integer' }), z.string().regex(digits)])
  .meta({ description: 'An integer; a string of digits is taken too.' });

/** `downloaded`: 0 or 1, also as text or as a boolean. Other integers pass the door; cleaning makes NULL of them. */
export const flagLike = z
  .union([z.number().refine(Number.isInteger).meta({ type: 'integer' }), z.string().regex(digits), z.boolean()])
  .meta({ description: '0 or 1; as text or as a boolean too.' });

/** The row number under any of its names; domain/kinds/row-key.ts says which counts. */
export const rowNumbers = { ind: z.unknown().optional(), index: z.unknown().optional(), idx: z.unknown().optional() };

/** Longest identity in UTF-8 bytes: it is the record's key and an index row in Postgres. */
export const identityBytesMax = 512;

/** An identity that is a text of its own, rather than a row number. `kind` stands in the description. */
export function makeIdentityText(kind: string): z.ZodString {
  return z
    .string()
    .min(1)
    .refine((text) => text === '' || text.trim() !== '', { params: { reason: 'missing_key' } })
    .refine((text) => text.length * 3 <= identityBytesMax || Buffer.byteLength(text) <= identityBytesMax, {
      params: { reason: 'key_too_long' },
    })
    .meta({
      description: `The ${kind}'s identity: any text that is not empty, at most ${identityBytesMax} bytes of UTF-8.`,
      maxLength: identityBytesMax,
    });
}
