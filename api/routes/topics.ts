import type { NextFunction, Request, Response } from 'express';
import type { Ack, RecordToPublish } from '#adapters/kafka/producer.ts';
import { answerRestV2Error, answerText, headersOfStatus, restV2Type, statusOfRefusal } from '#api/door/answer.ts';
import { collectBody } from '#api/door/collect-body.ts';
import type { Door } from '#api/door/door.ts';
import type { BodyProblem } from '#domain/door/read-event.ts';
import { readBody } from '#domain/door/read-event.ts';
import { findRecordValues } from '#domain/door/record-values.ts';
import type { Row } from '#domain/door/row-key.ts';
import { keyText } from '#domain/door/row-key.ts';
import type { TopicName } from '#domain/door/topic-name.ts';
import { kindByEnding, parseTopicName } from '#domain/door/topic-name.ts';
import { Failure } from '#domain/failures.ts';
import type { RestV2Record } from '#domain/schemas/rest-v2.ts';
import { restV2Bodies } from '#domain/schemas/rest-v2.ts';

export const restV2Types: ReadonlySet<string> = new Set([
  'application/vnd.kafka.json.v2+json',
  'application/vnd.kafka.v2+json',
  'application/json',
]);

/** Error codes of single records in an answer that has both: the record is wrong, or it is worth sending again. */
const recordErrorCodes = { final: 1, retriable: 2 };

/**
 * `POST /topics/<name>.<kind>`: one or several records in Confluent's REST v2 shape, answered with the partition and
 * offset that each has. All records of a request are valid or none is sent.
 */
export function makeTopicsRoute(door: Door): (req: Request, res: Response, next: NextFunction) => void {
  function refuse(res: Response, status: number, code: number, message: string, headers: Record<string, string> = {}): void {
    door.metrics.countAnswer('topics', status);
    answerRestV2Error(res, status, code, message, headers);
  }

  function take(res: Response, name: TopicName, body: Buffer): void {
    const read = body.length === 0 ? undefined : readBody(body);
    if (read === undefined) return refuse(res, 422, 42200, 'The body is empty; send {"records": [{"value": {...}}]}.');
    if (!read.ok)
      return read.problem.reason === 'invalid_utf8'
        ? refuse(res, 400, 40000, `${read.problem.message}.`)
        : refuse(res, 422, 42200, sentence(read.problem));
    const checked = restV2Bodies[name.kind].safeParse(read.row);
    if (!checked.success) {
      const issue = checked.error.issues[0]!;
      return refuse(res, 422, 42200, `${issue.path.map(String).join('.') || 'body'}: ${issue.message}. See /openapi.json.`);
    }
    const spans = findRecordValues(body);
    const records = checked.data.records.map((record, i): RecordToPublish => {
      const { from, to } = spans[i]!;
      return {
        topic: door.names.topicOf(name.kind),
        key: Buffer.from(keyText(name.kind, record.value as Row)),
        value: body.subarray(from, to),
        headers: door.makeHeaders(name.kind, name.source),
      };
    });
    const large = records.findIndex(({ value }) => value.length > door.limits.eventBytesMax);
    if (large >= 0) return refuse(res, 422, 42201, `records.${large}: the value has more than ${door.limits.eventBytesMax} bytes.`);
    void Promise.allSettled(door.publisher.publishMany(records)).then((outcomes) => answer(res, outcomes));
  }

  function answer(res: Response, outcomes: PromiseSettledResult<Ack>[]): void {
    const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    const fault = errors.find((error) => !(error instanceof Failure));
    if (fault !== undefined) door.log.error('records could not be published', { error: fault });
    if (errors.length === outcomes.length || fault !== undefined) {
      const status = statusOfRefusal(fault ?? errors[0]);
      return refuse(
        res,
        status,
        status * 100 + 1,
        fault === undefined ? (errors[0] as Failure).message : 'Internal Server Error',
        headersOfStatus(status),
      );
    }
    const offsets = outcomes.map((outcome): RestV2Record => {
      if (outcome.status === 'fulfilled')
        return { partition: outcome.value.partition, offset: outcome.value.offset, error_code: null, error: null };
      const failure = outcome.reason as Failure;
      return {
        partition: null,
        offset: null,
        error_code: failure.canRetry ? recordErrorCodes.retriable : recordErrorCodes.final,
        error: failure.message,
      };
    });
    door.metrics.countAnswer('topics', 200);
    answerText(res, 200, JSON.stringify({ offsets, key_schema_id: null, value_schema_id: null }), { 'Content-Type': restV2Type });
  }

  const limits = { bytesMax: door.limits.requestBytesMax, types: restV2Types };
  return (req, res, next) => {
    const name = parseTopicName(String(req.params['name']));
    collectBody(req, next, limits, (refusal, body, closeAfter) => {
      const headers: Record<string, string> = closeAfter ? { Connection: 'close' } : {};
      if (name === undefined)
        refuse(
          res,
          404,
          40401,
          `Topic not found. A topic's name ends in ${Object.keys(kindByEnding)
            .map((ending) => `.${ending}`)
            .join(', ')}.`,
          headers,
        );
      else if (refusal !== undefined) refuse(res, refusal.status, refusal.status * 100 + 1, `${refusal.message}.`, headers);
      else take(res, name, body);
    });
  };
}

function sentence(problem: Exclude<BodyProblem, { reason: 'invalid_utf8' }>): string {
  if (problem.reason === 'malformed_json') return `The body is no JSON: ${problem.json.error} at character ${problem.json.position}.`;
  return problem.reason === 'not_an_object' ? 'The body is no JSON object; send {"records": [{"value": {...}}]}.' : `${problem.message}.`;
}
