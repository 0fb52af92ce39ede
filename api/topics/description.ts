import { endings, unknownKind } from '#api/answers/refusal.ts';
import { describeEvents } from '#api/describe/describe-events.ts';
import { pathParameter, stageParameter } from '#api/describe/parameters.ts';
import { geo, pin, user, without } from '#api/describe/rows.ts';
import { restV2Type } from '#api/dialects/rest-v2.ts';
import type { Door } from '#api/door/door.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { schemaOf } from '#api/openapi/json-schema.ts';
import { noRecords } from '#api/topics/refusals.ts';
import { makeTopicsRoute } from '#api/topics/route.ts';
import { kinds } from '#domain/kinds/list.ts';
import { restV2Answer, restV2Bodies } from '#domain/schemas/rest-v2.ts';

const place = (offset: number | null) => ({ partition: offset === null ? null : 0, offset, error_code: null, error: null });
const places = (...offsets: (number | null)[]) => ({ offsets: offsets.map(place), key_schema_id: null, value_schema_id: null });

/** Records in the dialect of Confluent's REST v2. */
export function describeTopics(door: Pick<Door, 'limits' | 'kindByName'>): Json {
  const describe = (operationId: string, before: readonly Json[]): Json => ({
    post: describeEvents({
      operationId,
      tags: ['Events'],
      summary: 'Send records in the REST v2 shape',
      description: `The kind is told by the end of the topic’s name, after \`.\`, \`-\` or \`_\`: ${endings}. Of each record the value counts; keys and partitions are ignored, the key is the row’s identity. All records are valid or none is sent.`,
      route: makeTopicsRoute(door),
      parameters: [
        ...before,
        pathParameter('name', 'Name of the topic, ending in its kind.', {
          pin: '0a1b2c3d4e5f.pin',
          geo: '0a1b2c3d4e5f.geo',
          user: '0a1b2c3d4e5f.user',
          'no-kind': '0a1b2c3d4e5f.like',
        }),
      ],
      body: { anyOf: kinds.map((kind) => schemaOf(restV2Bodies[kind])) },
      taken: {
        description: 'Where each record is, in the order of the request.',
        schema: schemaOf(restV2Answer),
        type: restV2Type,
        receipt: true,
      },
      errors: 'RestV2Error',
      refusals: { 'no-kind': unknownKind('Topic', door.kindByName), 'no-body': noRecords },
      exchanges: {
        pin: { summary: 'A pin', body: { records: [{ value: pin }] }, status: 200, answer: places(31) },
        geo: { summary: 'A geo row', body: { records: [{ value: geo }] }, status: 200, answer: places(31) },
        user: { summary: 'A user row', body: { records: [{ value: user }] }, status: 200, answer: places(31) },
        several: {
          summary: 'Several records, one with a key of its own',
          body: { records: [{ value: pin }, { key: 'k', value: { ...pin, unique_id: 'b', index: 2863 } }] },
          status: 200,
          answer: places(31, 7),
        },
        'not-waited-for': { summary: 'With ?ack=none', body: { records: [{ value: pin }] }, status: 202, answer: places(null) },
        'no-identity': {
          summary: 'A pin without unique_id',
          body: { records: [{ value: without(pin, 'unique_id') }] },
          status: 422,
          answer: {
            error_code: 42200,
            message: 'records.0.value.unique_id: Invalid input: expected string, received undefined. See /openapi.json.',
          },
        },
        'no-records': {
          summary: 'A row without its wrapper',
          body: pin,
          status: 422,
          answer: { error_code: 42200, message: 'records: Invalid input: expected array, received undefined. See /openapi.json.' },
        },
      },
    }),
  });
  return { '/topics/{name}': describe('sendRecords', []), '/{stage}/topics/{name}': describe('sendRecordsThroughStage', [stageParameter]) };
}
