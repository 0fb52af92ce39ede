import type { Answer } from '#api/answers/answer.ts';
import { answerJson } from '#api/answers/answer.ts';
import type { Refusal, RefusalReason } from '#api/answers/refusal.ts';

/** Content types of bodies. */
export const kinesisTypes: ReadonlySet<string> = new Set(['application/json', 'application/x-amz-json-1.1']);

/** Kinesis's names of errors; all others are a ValidationException. */
const names: Partial<Record<RefusalReason, string>> = {
  unknown_kind: 'ResourceNotFoundException',
  not_found: 'UnknownOperationException',
  method_not_allowed: 'UnknownOperationException',
  malformed_json: 'SerializationException',
  invalid_utf8: 'SerializationException',
  not_an_object: 'SerializationException',
  unauthenticated: 'MissingAuthenticationTokenException',
  forbidden: 'AccessDeniedException',
  rate_limited: 'ProvisionedThroughputExceededException',
  overloaded: 'ProvisionedThroughputExceededException',
  log_unavailable: 'ServiceUnavailable',
  idempotency_quota: 'ProvisionedThroughputExceededException',
  idempotency_unavailable: 'ServiceUnavailable',
  log_timeout: 'InternalFailure',
  fault: 'InternalFailure',
};

/** A refusal in the shape of Kinesis. */
export function refuseKinesis(refusal: Refusal): Answer {
  const body = { __type: names[refusal.reason] ?? 'ValidationException', message: `${refusal.message}.` };
  return answerJson(refusal.status, JSON.stringify(body), refusal.headers);
}
