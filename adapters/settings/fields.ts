import { z } from 'zod';

/** A setting: its name in the environment, what it may say and what it is when unset, and a sentence for the documents. */
export type Setting = { env: string; schema: z.ZodType; about: string; secret?: boolean };
export type Settings = Record<string, Setting>;

export const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
export const port = z.coerce.number().int().min(1).max(65_535);
export const positive = z.coerce.number().int().positive();
export const optionalText = z.string().min(1).optional();
export const httpUrl = z.url({ protocol: /^https?$/, error: 'a URL that begins with http:// or https://' });
