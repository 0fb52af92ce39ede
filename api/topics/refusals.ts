import { emptyBody } from '#api/door/read-wrapped.ts';

/** What to send instead of a body that wraps no records. */
export const shape = 'send {"records": [{"value": {...}}]}';

export const noRecords = emptyBody(shape);
