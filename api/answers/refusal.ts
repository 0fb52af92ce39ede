import type { z } from 'zod';
import type { BodyProblem } from '#domain/door/read-event.ts';
import type { KeyProblem } from '#domain/kinds/row-key.ts';
import { isTextIdentity } from '#domain/kinds/row-key.ts';
import { kindByEnding } from '#domain/door/topic-name.ts';
import type { Failure } from '#domain/failures.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { listed } from '#domain/listed.ts';

/** Why the door does not take a request or a row: a closed list, in answers, telemetry and the account of refusals. */
export type RefusalReason =
  | BodyProblem['reason']
  | KeyProblem
  | 'key_too_long'
  | 'invalid_field'
  | 'empty_body'
  | 'body_too_large'
  | 'row_too_large'
  | 'too_many_rows'
  | 'unsupported_type'
  | 'unsupported_encoding'
  | 'broken_encoding'
  | 'unknown_kind'
  | 'unknown_partition'
  | 'unknown_consumer'
  | 'consumer_exists'
  | 'not_subscribed'
  | 'not_acceptable'
  | 'not_served'
  | 'unknown_parameter'
  | 'malformed_target'
  | 'not_found'
  | 'method_not_allowed'
  | 'unauthenticated'
  | 'forbidden'
  | 'rate_limited'
  | 'keys_unavailable'
  | 'key_name_taken'
  | 'interval_busy'
  | 'publish_busy'
  | 'idempotency_running'
  | 'idempotency_mismatch'
  | 'idempotency_quota'
  | 'idempotency_unavailable'
  | 'overloaded'
  | 'log_unavailable'
  | 'log_timeout'
  | 'invalid_statement'
  | 'statement_too_long'
  | 'fault';

/** A request that is not taken, before it is said in the client's dialect. */
export type Refusal = {
  status: 400 | 401 | 403 | 404 | 405 | 406 | 409 | 413 | 415 | 422 | 429 | 500 | 501 | 503 | 504;
  reason: RefusalReason;
  /** A sentence without its full stop: found, expected, what to do. No value of an event. */
  message: string;
  headers?: Record<string, string>;
  /** Rows that were looked at until it was found; default 1. */
  rows?: number;
  /** What a dialect says beyond the sentence (FastAPI's list of errors). */
  detail?: unknown;
};

export function isRefusal(value: object): value is Refusal {
  return 'reason' in value && 'status' in value;
}

/** Of a path that there is not. */
export const nothingHere: Refusal = { status: 404, reason: 'not_found', message: 'Not Found' };

/** How long a client that was refused for now should wait. */
const retryAfter = { 'Retry-After': '1' };

/** The refusal of an event that Kafka did not ack: 503 was never sent, 504 may exist, 413 fits no topic. */
export function refusalOfFailure({ kind, message }: Failure): Refusal {
  const sentence = message.replace(/\.$/, '');
  if (kind === 'timeout') return { status: 504, reason: 'log_timeout', message: sentence };
  if (kind === 'invalid_data') return { status: 413, reason: 'row_too_large', message: sentence };
  return { status: 503, reason: kind === 'exhausted' ? 'overloaded' : 'log_unavailable', message: sentence, headers: retryAfter };
}

export function overloaded(message: string): Refusal {
  return { status: 503, reason: 'overloaded', message, headers: retryAfter };
}

/** The refusal of a body that is no JSON object of ours: 400 where it is no text at all, else 422. */
export function refusalOfProblem(problem: BodyProblem): Refusal {
  switch (problem.reason) {
    case 'invalid_utf8':
      return { status: 400, reason: problem.reason, message: problem.message };
    case 'malformed_json':
      return {
        status: 422,
        reason: problem.reason,
        message: `The body is no JSON: ${problem.json.error} at character ${problem.json.position}`,
      };
    case 'not_an_object':
      return { status: 422, reason: problem.reason, message: 'The body is no JSON object' };
    default:
      return { status: 422, reason: problem.reason, message: problem.message };
  }
}

/** What a schema found first, with the place in the body. The whole list is FastAPI's way, not the others'. */
export function refusalOfIssues(issues: readonly z.core.$ZodIssue[]): Refusal {
  const issue = issues[0]!;
  const reason = issue.code === 'custom' ? (issue.params?.['reason'] as RefusalReason | undefined) : undefined;
  const place = issue.path.map(String).join('.');
  return {
    status: 422,
    reason: reason ?? (isTextIdentity(issue.path.at(-1)) ? 'missing_key' : 'invalid_field'),
    message: `${place === '' ? 'body' : place}: ${issue.message.replace(/\.$/, '')}. See /openapi.json`,
  };
}

/** Endings of names that tell a kind, as a sentence lists them. */
export const endings = listed(Object.keys(kindByEnding), 'or');

/** Most names of INGEST_NAME_KINDS that a sentence lists. */
const namesMax = 20;

/** A topic or stream whose name tells no kind: lists the endings and names that do. */
export function unknownKind(what: string, kindByName: ReadonlyMap<string, Kind>): Refusal {
  const names = [...kindByName.keys()];
  const more = names.length > namesMax ? ` and ${names.length - namesMax} more` : '';
  const known = names.length === 0 ? 'be listed in INGEST_NAME_KINDS' : `be one of ${names.slice(0, namesMax).join(', ')}${more}`;
  return {
    status: 404,
    reason: 'unknown_kind',
    message: `${what} not found. Its name must end in ${endings} after \`.\`, \`-\` or \`_\`, or ${known}`,
  };
}
