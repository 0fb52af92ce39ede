import type { Answer } from '#api/answers/answer.ts';
import type { Refusal, RefusalReason } from '#api/answers/refusal.ts';

/** Content type of answers. */
export const restV2Type = 'application/vnd.kafka.v2+json';
/** Content types of bodies. */
export const restV2Types: ReadonlySet<string> = new Set([
  'application/vnd.kafka.json.v2+json',
  'application/vnd.kafka.v2+json',
  'application/json',
]);

const restV2 = { 'Content-Type': restV2Type };

/** Codes that clients of Confluent's REST proxy know: the status times 100 and a number. */
const codes: Partial<Record<RefusalReason, number>> = {
  // 40401 and those after it say what was not found.
  not_found: 40400,
  unknown_kind: 40401,
  unknown_partition: 40402,
  unknown_consumer: 40403,
  not_acceptable: 40601,
  consumer_exists: 40902,
  not_subscribed: 40903,
  row_too_large: 42201,
};

/** A refusal in Confluent's shape for errors. */
export function refuseRestV2(refusal: Refusal): Answer {
  return {
    status: refusal.status,
    body: JSON.stringify({ error_code: codeOf(refusal), message: `${refusal.message}.` }),
    headers: refusal.headers === undefined ? restV2 : { ...restV2, ...refusal.headers },
  };
}

function codeOf({ status, reason }: Refusal): number {
  const code = codes[reason];
  if (code !== undefined && Math.floor(code / 100) === status) return code;
  return status === 422 || status === 400 ? status * 100 : status * 100 + 1;
}
