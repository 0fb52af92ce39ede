import type { z } from 'zod';
import { geoRow } from '#domain/schemas/geo.ts';
import { pinRow } from '#domain/schemas/pin.ts';
import { userRow } from '#domain/schemas/user.ts';
import type { Kind } from '#domain/terms.ts';

/** The least that a row of each kind must have, on every route but `/pin/`. */
export const rowSchemas: Record<Kind, z.ZodType> = { pin: pinRow, geo: geoRow, user: userRow };
