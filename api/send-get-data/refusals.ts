import type { Refusal } from '#api/answers/refusal.ts';
import { kinds } from '#domain/kinds/list.ts';
import { listed } from '#domain/listed.ts';

export const missingTopic: Refusal = {
  status: 422,
  reason: 'unknown_parameter',
  message: `The query parameter topic is missing: send ?topic=pin_data${listed(
    kinds.map((kind) => `.${kind}`),
    'or',
  )}`,
  detail: [{ type: 'missing', loc: ['query', 'topic'], msg: 'Field required', input: null }],
};

export const nothingYet: Refusal = { status: 404, reason: 'not_found', message: 'There is no message yet' };
