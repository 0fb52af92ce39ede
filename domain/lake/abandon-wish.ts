import { z } from 'zod';
import { whyExample } from '#domain/lake/why-example.ts';

/** That a person wants the pending publish let go, the same for the command line and `POST /api/batch/abandon`. */
export const abandonWish = z.strictObject({
  why: z
    .string('must be a text')
    .trim()
    .min(1, 'must say why')
    .max(500, 'must have 500 characters at most')
    .meta({ description: 'Kept beside it.', examples: [whyExample] }),
  run: z
    .string('must be a text')
    .optional()
    .meta({ description: 'Only if it is this run’s, as the status names it: another may be pending by now.' }),
  dryRun: z.boolean('must be true or false').default(false).meta({ description: 'Only say what would be let go.' }),
});
export type AbandonWish = z.output<typeof abandonWish>;
