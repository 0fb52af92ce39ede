import type { z } from 'zod';
import type { Refusal } from '#api/answers/refusal.ts';
import { refusalOfProblem } from '#api/answers/refusal.ts';
import type { BodyProblem } from '#domain/door/read-event.ts';
import { readBody } from '#domain/door/read-event.ts';
import type { Row } from '#domain/kinds/row-key.ts';
import { identityBytesMax } from '#domain/kinds/field-schemas.ts';
import { integerPinFields, pinItem } from '#domain/kinds/pin/schema.ts';

/** One entry of a 422 answer, as FastAPI 0.136 with Pydantic 2.14 gives it. */
export type FastapiError = { type: string; loc: (string | number)[]; msg: string; input?: unknown; ctx?: Record<string, unknown> };

/**
 * Largest body that errors bring back as their `input`: FastAPI repeats the whole row with each field that is missing,
 * which would make an answer of many times the request.
 */
export const echoedBytesMax = 4_096;

const emptyBodyErrors: FastapiError[] = [{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }];

/** Reads a body that is one row; what is none is refused in FastAPI's words where it has some. */
export function readFastapiBody(body: Buffer): { row: Row } | Refusal {
  if (body.length === 0) return { status: 422, reason: 'empty_body', message: 'The body is empty', detail: emptyBodyErrors };
  const read = readBody(body);
  if (read.ok) return read;
  const refusal = refusalOfProblem(read.problem);
  return read.problem.reason === 'invalid_utf8' ? refusal : { ...refusal, detail: explainBody(read.problem, body) };
}

/** Leaves out what was found where it is large. */
function boundEcho(errors: FastapiError[], body: Buffer): FastapiError[] {
  if (body.length > echoedBytesMax) for (const error of errors) delete error.input;
  return errors;
}

function explainBody(problem: Exclude<BodyProblem, { reason: 'invalid_utf8' }>, body: Buffer): FastapiError[] {
  switch (problem.reason) {
    case 'malformed_json':
      return [
        {
          type: 'json_invalid',
          loc: ['body', problem.json.position],
          msg: 'JSON decode error',
          input: {},
          ctx: { error: problem.json.error },
        },
      ];
    case 'not_an_object':
      if (problem.parsed === null) return emptyBodyErrors;
      return boundEcho(
        [
          {
            type: 'model_attributes_type',
            loc: ['body'],
            msg: 'Input should be a valid dictionary or object to extract fields from',
            input: problem.parsed,
          },
        ],
        body,
      );
    default:
      return [{ type: problem.reason, loc: ['body'], msg: problem.message, input: {} }];
  }
}

const integerFields = new Set(integerPinFields);

/** What the schema of `/pin/` found, in field order. */
export function explainPin(issues: readonly z.core.$ZodIssue[], row: Readonly<Record<string, unknown>>, body: Buffer): FastapiError[] {
  const order = Object.keys(pinItem.shape);
  const errors = issues
    .map((issue) => explainIssue(issue, row))
    .sort((left, right) => order.indexOf(String(left.loc[1])) - order.indexOf(String(right.loc[1])));
  return boundEcho(errors, body);
}

/** What the schema of a row of any kind found. What is wrong with the row as a whole has the door's own reason as its type. */
export function explainRow(issues: readonly z.core.$ZodIssue[], row: Readonly<Record<string, unknown>>, body: Buffer): FastapiError[] {
  const errors = issues.map((issue): FastapiError =>
    issue.path.length > 0
      ? explainIssue(issue, row)
      : { type: String(issue.code === 'custom' ? issue.params?.['reason'] : issue.code), loc: ['body'], msg: issue.message, input: row },
  );
  return boundEcho(errors, body);
}

function explainIssue(issue: z.core.$ZodIssue, row: Readonly<Record<string, unknown>>): FastapiError {
  const field = String(issue.path[0]);
  const loc = ['body', field];
  if (!Object.hasOwn(row, field)) return { type: 'missing', loc, msg: 'Field required', input: row };
  const input = row[field];
  const reason = issue.code === 'custom' ? (issue.params?.['reason'] as string | undefined) : undefined;
  if (reason === 'key_conflict') return { type: reason, loc, msg: issue.message, input };
  if (reason === 'key_too_long')
    return {
      type: 'string_too_long',
      loc,
      msg: `String should have at most ${identityBytesMax} bytes`,
      input,
      ctx: { max_length: identityBytesMax },
    };
  if (reason === 'missing_key' || issue.code === 'too_small')
    return { type: 'string_too_short', loc, msg: 'String should have at least 1 character', input, ctx: { min_length: 1 } };
  if (!integerFields.has(field)) return { type: 'string_type', loc, msg: 'Input should be a valid string', input };
  if (typeof input === 'string')
    return { type: 'int_parsing', loc, msg: 'Input should be a valid integer, unable to parse string as an integer', input };
  // JSON has no word for what 1e999 becomes.
  if (typeof input === 'number' && !Number.isFinite(input))
    return { type: 'finite_number', loc, msg: 'Input should be a finite number', input: null };
  if (typeof input === 'number')
    return { type: 'int_from_float', loc, msg: 'Input should be a valid integer, got a number with a fractional part', input };
  return { type: 'int_type', loc, msg: 'Input should be a valid integer', input };
}
