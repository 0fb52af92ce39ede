import { z } from 'zod';
import { timeText } from '#domain/intervals.ts';

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)$/;
const intervalsMax = 1_000;
export const mustBeStart = 'must be the start of an interval in RFC 3339, such as 2026-01-31T12:00:00Z';
const nothingWished = 'names nothing: give the start of an interval, or held';

/** The start of an interval as a person writes it, in the one form that the ledger and workflow ids have. */
const intervalStart = z
  .string('must be a text')
  .refine((text) => rfc3339.test(text) && !Number.isNaN(Date.parse(text)), mustBeStart)
  .transform((text) => timeText(Date.parse(text)));

/** Which intervals a person wants tried again, the same for the command line and `POST /api/batch/retry`. */
export const retryWish = z
  .strictObject({
    intervals: z
      .array(intervalStart, 'must be a list of starts of intervals')
      .max(intervalsMax, `must name ${intervalsMax} at most`)
      .default([])
      .meta({ description: 'Their starts, RFC 3339.', examples: [['2026-01-31T12:00:00Z']] }),
    held: z.boolean('must be true or false').default(false).meta({ description: 'All that are held, too.' }),
    reason: z.string('must be a text').max(500, 'must have 500 characters at most').optional().meta({ description: 'Kept beside it.' }),
    dryRun: z.boolean('must be true or false').default(false).meta({ description: 'Only say what would be tried again.' }),
  })
  .refine(({ intervals, held }) => held || intervals.length > 0, nothingWished);
export type RetryWish = z.output<typeof retryWish>;
