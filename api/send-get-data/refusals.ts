import type { Refusal } from '#api/answers/refusal.ts';
import { kinds } from '#domain/kinds/list.ts';

const oneOf = new Intl.ListFormat('en-GB', { type: 'disjunction' });

export const missingTopic: Refusal = {
  status: 422,
  reason: 'unknown_parameter',
  message: `The query parameter topic is missing: send ?topic=pin_data${oneOf.format(kinds.map((kind) => `.${kind}`))}`,
  detail: [{ type: 'missing', loc: ['query', 'topic'], msg: 'Field required', input: null }],
};

export const nothingYet: Refusal = { status: 404, reason: 'not_found', message: 'There is no message yet' };
