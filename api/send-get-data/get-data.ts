import type { RequestHandler } from 'express';
import type { NewestRecords } from '#adapters/kafka/newest-record.ts';
import type { Answer } from '#api/answers/answer.ts';
import { answerJson } from '#api/answers/answer.ts';
import { refusalOfFailure, unknownKind } from '#api/answers/refusal.ts';
import type { Door } from '#api/door/door.ts';
import type { MakeOperation } from '#api/operations/operation.ts';
import { nothingYet } from '#api/send-get-data/refusals.ts';
import { topicParameter } from '#api/send-get-data/send-data.ts';
import { jsonOfBytes } from '#domain/door/json-of-bytes.ts';
import { parseTopicName } from '#domain/door/topic-name.ts';
import { Failure } from '#domain/failures.ts';
import type { LogRecord } from '#domain/terms.ts';
import { headerNames } from '#domain/terms.ts';

/**
 * `GET /get_data[?topic=<name>]`: one message, the newest record of the topic's kind whatever its source;
 * without a topic the newest of all kinds. 404 where there is none yet. It consumes nothing: asked again, it is the same.
 */
export function makeGetDataHandler(
  makeOperation: MakeOperation,
  { newest, names, kindByName }: Pick<Door, 'names' | 'kindByName'> & { newest: Pick<NewestRecords, 'find'> },
): RequestHandler {
  return makeOperation({
    name: 'get_data',
    scope: 'read',
    async answer(req) {
      const topic = topicParameter(req);
      const name = topic === null ? undefined : parseTopicName(topic, kindByName);
      if (topic !== null && name === undefined) return unknownKind('Topic', kindByName);
      try {
        const record = await newest.find(name === undefined ? names.topics : [names.topicOf(name.kind)]);
        return record === undefined ? nothingYet : answerRecord(record, topic ?? nameOf(record));
      } catch (error) {
        if (error instanceof Failure) return refusalOfFailure(error);
        throw error;
      }
    },
  });

  /** What a client might have called the record's topic. */
  function nameOf({ topic, headers }: LogRecord): string {
    const source = headers.find(([header]) => header === headerNames.source)?.[1].toString();
    const kind = names.kindOfTopic(topic) ?? topic;
    return source === undefined ? kind : `${source}.${kind}`;
  }
}

function answerRecord({ key, value, partition, offset }: LogRecord, topic: string): Answer {
  const text = (written: string | undefined): string => JSON.stringify(written ?? null);
  return answerJson(
    200,
    `{"topic":${text(topic)},"key":${text(key?.toString())},"value":${jsonOfBytes(value)},"partition":${partition},"offset":${offset}}`,
  );
}
