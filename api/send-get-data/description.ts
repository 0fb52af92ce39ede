import { noBrokerAnswers } from '#adapters/kafka/client.ts';
import { newestLate } from '#adapters/kafka/newest-record.ts';
import { readingOffsetsOf } from '#adapters/kafka/topics.ts';
import { refusalOfFailure, unknownKind } from '#api/answers/refusal.ts';
import { describeEvents } from '#api/describe/describe-events.ts';
import { describeOperation } from '#api/describe/describe-operation.ts';
import { queryParameter } from '#api/describe/parameters.ts';
import { geo, pin, user, without } from '#api/describe/rows.ts';
import type { Door } from '#api/door/door.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { schemaOf } from '#api/openapi/json-schema.ts';
import { missingTopic, nothingYet } from '#api/send-get-data/refusals.ts';
import { makeSendDataRoute } from '#api/send-get-data/send-data.ts';
import { kinds } from '#domain/kinds/list.ts';
import { rowSchemas } from '#domain/kinds/row-schemas.ts';
import { getDataAnswer, sendDataAnswer } from '#domain/schemas/send-get-data.ts';

const answer = (topic: string, offset: number | null) => ({ status: 'success', topic, partition: offset === null ? null : 0, offset });
const byIdx = (row: Readonly<Record<string, unknown>>) => ({ idx: 7528, ...without(row, 'ind', 'index') });

/** A row a request, the topic in the query; refusals in FastAPI's dialect. */
export function describeSendGetData(door: Pick<Door, 'limits' | 'kindByName'>): Json {
  return {
    '/send_data': {
      post: describeEvents({
        operationId: 'sendData',
        tags: ['Events'],
        summary: 'Send one row of any kind',
        description: 'The kind is told by the end of the topic’s name. The row number may be called idx in rows of all kinds.',
        route: makeSendDataRoute(door),
        parameters: [
          queryParameter(
            'topic',
            'Name of the topic, ending in its kind.',
            {
              pin: 'pin_data.pin',
              geo: 'pin_data.geo',
              user: 'pin_data.users',
              'no-kind': 'pin_data.like',
            },
            true,
          ),
        ],
        body: { anyOf: kinds.map((kind) => schemaOf(rowSchemas[kind])) },
        taken: { description: 'Where the record is.', schema: schemaOf(sendDataAnswer), receipt: true },
        errors: 'Detail',
        refusals: { 'no-kind': unknownKind('Topic', door.kindByName), 'no-topic': missingTopic },
        exchanges: {
          pin: { summary: 'A pin', body: byIdx(pin), status: 200, answer: answer('pin_data.pin', 31) },
          geo: { summary: 'A geo row', body: byIdx(geo), status: 200, answer: answer('pin_data.geo', 31) },
          user: { summary: 'A user row', body: byIdx(user), status: 200, answer: answer('pin_data.users', 31) },
          'not-waited-for': { summary: 'With ?ack=none', body: byIdx(pin), status: 202, answer: answer('pin_data.pin', null) },
          'no-identity': {
            summary: 'A pin without unique_id',
            body: { idx: 7528, title: 'A pin' },
            status: 422,
            answer: {
              detail: [{ type: 'missing', loc: ['body', 'unique_id'], msg: 'Field required', input: { idx: 7528, title: 'A pin' } }],
            },
          },
        },
      }),
    },
    '/get_data': {
      get: describeOperation({
        operationId: 'getData',
        tags: ['Reading'],
        summary: 'The newest record',
        description: 'Of the topic’s kind whatever its source; without a topic, of all kinds. Nothing is consumed.',
        scope: 'read',
        parameters: [queryParameter('topic', 'Name of a topic, ending in its kind.', { pin: 'pin_data.pin', 'no-kind': 'pin_data.like' })],
        answers: {
          200: {
            description: 'The record.',
            schema: schemaOf(getDataAnswer),
            example: { topic: 'pin_data.geo', key: '7528', value: byIdx(geo), partition: 0, offset: 31 },
          },
        },
        refusals: {
          'no-kind': unknownKind('Topic', door.kindByName),
          'no-message': nothingYet,
          'log-down': refusalOfFailure(noBrokerAnswers(readingOffsetsOf('pinterest.pin'))),
          'log-late': refusalOfFailure(newestLate()),
        },
      }),
    },
  };
}
