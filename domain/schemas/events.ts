import { z } from 'zod';
import { kinds } from '#domain/kinds/list.ts';

/** Most errors of single rows that an answer explains; the others are counted. */
export const errorsToldMax = 100;

const position = z.int().meta({ description: 'Place of the row in the request, counted from 0; blank lines do not count.' });

const eventsError = z.object({
  position,
  line: z.int().optional().meta({ description: 'Line of the row in an NDJSON body, counted from 1.' }),
  reason: z.string(),
  message: z.string(),
  retriable: z.boolean().meta({ description: 'Sent again as it was, the row may be taken.' }),
});
export type EventsError = z.infer<typeof eventsError>;

const eventsReceipt = z.object({
  position,
  kind: z.enum(kinds),
  partition: z.int().optional().meta({ description: 'Absent with ack=none.' }),
  offset: z.int().optional().meta({ description: 'Absent with ack=none.' }),
  event_id: z.string(),
});

/** The answer of `POST /events`: received = accepted + rejected, an error for each of the first rejected rows. */
export const eventsAnswer = z.object({
  received: z.int(),
  accepted: z.int(),
  rejected: z.int(),
  errors: z.array(eventsError).meta({ description: `Of the first ${errorsToldMax} rejected rows.` }),
  errors_left_out: z.object({ count: z.int(), retriable: z.int() }).optional().meta({
    description:
      'Rejected rows beyond those in errors, and how many of them may be taken when sent again; they are the ones that neither errors nor receipts name.',
  }),
  receipts: z.array(eventsReceipt).optional().meta({ description: 'One for each accepted row; absent with receipts=none.' }),
});
