import type { Refusal } from '#api/answers/refusal.ts';
import { emptyBody } from '#api/door/read-wrapped.ts';

/** What to send instead of a body that is none of the route's, of one record and of several. */
export const shapes = {
  record: 'send {"Data": {...}, "PartitionKey": "..."}',
  records: 'send {"Records": [{"Data": {...}, "PartitionKey": "..."}]}',
};

export function noRecord(form: keyof typeof shapes): Refusal {
  return emptyBody(shapes[form]);
}

/** A refusal of one record, `name` its place in the body. */
export function aboutRecord(name: string, refusal: Refusal): Refusal {
  return { ...refusal, message: `${name}: ${refusal.message}` };
}

/** A refusal of the text that a record's `Data` stands for. */
export function aboutText(name: string, refusal: Refusal): Refusal {
  return aboutRecord(name, { ...refusal, message: refusal.message.replace(/^The body/, 'The text') });
}
