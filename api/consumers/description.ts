import { groupFailed, readingForGroup } from '#adapters/kafka/poll-consumer.ts';
import { refusalOfFailure, unknownKind } from '#api/answers/refusal.ts';
import { idleMsDefault, instancesMax } from '#api/consumers/instances.ts';
import {
  badGroup,
  instanceExists,
  instanceGone,
  noCount,
  notAcceptable,
  notServed,
  notSubscribed,
  shuttingDown,
  tooManyInstances,
  typeOfFormat,
  unknownPartition,
} from '#api/consumers/refusals.ts';
import { bodyLimits } from '#api/consumers/routes.ts';
import { describeOperation } from '#api/describe/describe-operation.ts';
import { pathParameter, stageParameter } from '#api/describe/parameters.ts';
import { bodyRefusals, ofBody } from '#api/describe/refusals.ts';
import { pin } from '#api/describe/rows.ts';
import { restV2Type, restV2Types, refuseRestV2 } from '#api/dialects/rest-v2.ts';
import type { Door } from '#api/door/door.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { reference, schemaOf } from '#api/openapi/json-schema.ts';
import {
  consumedRecords,
  consumerCreated,
  consumerOffsets,
  consumerSettings,
  consumerSubscription,
  readTimeoutMs,
} from '#domain/schemas/consumers.ts';

const below = '/consumers/{group}/instances/{name}';
const gone = instanceGone(idleMsDefault);
const always = { 'log-down': refusalOfFailure(groupFailed(readingForGroup)), 'several-processes': notServed };
const ofBodies = { 'not-utf8': ofBody(Buffer.from([0xff])), ...bodyRefusals(bodyLimits), 'no-json': ofBody(Buffer.from('no JSON')) };
/** What did not come in time is said in the client library's words, of which there are many. */
const also = { 504: reference('schemas', 'RestV2Error') };
const group = pathParameter('group', 'Name of the group; its members that read the same topics share the records.', { any: 'students' });
const instance = pathParameter('name', 'Name of the instance.', { none: 'c0' });
const notReading = 'The instance is subscribed to nothing.';
const done = { 204: { description: 'Done.', type: '' } };

/** Consumer instances, the half of REST v2 that reads. */
export function describeConsumers(door: Pick<Door, 'kindByName'>): Json {
  return { ...describe(door, '', '', []), ...describe(door, '/{stage}', 'ThroughStage', [stageParameter]) };
}

/** What the descriptions below share: of one form of the paths, and of what is asked. */
type Shared = ReturnType<typeof shareOf>;

function shareOf(kindByName: Door['kindByName'], suffix: string, before: readonly Json[]) {
  const common = { tags: ['Reading'], scope: 'read' as const, refuse: refuseRestV2, errors: 'RestV2Error', types: [...restV2Types], also };
  return { kindByName, suffix, before, common, one: { ...common, parameters: [...before, group, instance] } };
}

function describe({ kindByName }: Pick<Door, 'kindByName'>, stage: string, suffix: string, before: readonly Json[]): Json {
  const shared = shareOf(kindByName, suffix, before);
  return {
    [`${stage}/consumers/{group}`]: describeGroup(shared),
    [`${stage}${below}`]: describeInstance(shared),
    [`${stage}${below}/subscription`]: describeSubscription(shared),
    [`${stage}${below}/records`]: describeRecords(shared),
    [`${stage}${below}/offsets`]: describeOffsets(shared),
  };
}

function describeGroup({ suffix, before, common }: Shared): Json {
  return {
    post: describeOperation({
      ...common,
      operationId: `createConsumer${suffix}`,
      summary: 'Make a consumer instance',
      description: `It lives in this process, and ends when nobody has used it for ${idleMsDefault / 60_000} minutes; what its group has read is kept.`,
      parameters: [...before, group],
      body: schemaOf(consumerSettings),
      answers: {
        200: {
          description: 'The instance, and where it is.',
          type: restV2Type,
          schema: schemaOf(consumerCreated),
        },
      },
      meanings: { 409: 'The group has an instance of this name.' },
      refusals: {
        ...always,
        ...ofBodies,
        'bad-group': badGroup,
        'too-many': tooManyInstances(instancesMax),
        'name-taken': instanceExists,
        closing: shuttingDown,
      },
      exchanges: {
        new: {
          summary: 'An instance that reads from the first record on',
          body: { format: 'json', 'auto.offset.reset': 'earliest' },
          status: 200,
          answer: {
            instance_id: 'rest-consumer-8f6c4b0e-6a54-4b0f-9c57-0d1f2a3b4c5d',
            base_uri: 'http://127.0.0.1:8000/consumers/students/instances/rest-consumer-8f6c4b0e-6a54-4b0f-9c57-0d1f2a3b4c5d',
          },
        },
        'no-such-format': {
          summary: 'A format that is not known',
          body: { name: 'c1', format: 'avro' },
          status: 422,
          answer: { error_code: 42200, message: 'format: Invalid option: expected one of "json"|"binary". See /openapi.json.' },
        },
      },
    }),
  };
}

function describeInstance({ suffix, one }: Shared): Json {
  return {
    delete: describeOperation({
      ...one,
      operationId: `deleteConsumer${suffix}`,
      summary: 'Delete an instance',
      description: 'Commits what it has read, unless it was made with auto.commit.enable false.',
      answers: done,
      refusals: { ...always, gone },
    }),
  };
}

function describeSubscription({ kindByName, suffix, one }: Shared): Json {
  return {
    post: describeOperation({
      ...one,
      operationId: `subscribe${suffix}`,
      summary: 'Say what to read',
      description:
        'Names end in a kind: `x.pin` are the pins that were posted to `x.pin`, `pin` are all pins. Members of a group with equal subscriptions share the records, and what one commits holds for all of them. A member with another subscription reads for itself, from its own offsets: nothing is lost to it, but what two unequal subscriptions both name comes to both. Subscribing again replaces what was subscribed before, as in Confluent’s REST proxy v2, and is never answered with 40901; the same names again change nothing. What the last read brought is not committed by it.',
      body: schemaOf(consumerSubscription),
      answers: done,
      refusals: { ...always, ...ofBodies, gone, 'no-kind': unknownKind('Topic "0a1b2c3d4e5f.like"', kindByName) },
      exchanges: {
        none: {
          summary: 'An instance that is not there',
          body: { topics: ['0a1b2c3d4e5f.pin'] },
          status: 404,
          answer: { error_code: 40403, message: `${gone.message}.` },
        },
      },
    }),
    get: describeOperation({
      ...one,
      operationId: `getSubscription${suffix}`,
      summary: 'What an instance reads',
      answers: {
        200: {
          description: 'The topics as they were subscribed; none where nothing was.',
          type: restV2Type,
          schema: { type: 'object', required: ['topics'], properties: { topics: { type: 'array', items: { type: 'string' } } } },
          example: { topics: ['0a1b2c3d4e5f.pin'] },
        },
      },
      refusals: { ...always, gone },
    }),
    delete: describeOperation({
      ...one,
      operationId: `unsubscribe${suffix}`,
      summary: 'Read nothing any more',
      answers: done,
      refusals: { ...always, gone },
    }),
  };
}

function describeRecords({ suffix, one }: Shared): Json {
  return {
    get: describeOperation({
      ...one,
      operationId: `readRecords${suffix}`,
      summary: 'The next records',
      description: `Waits for records for as long as the instance was made to (${readTimeoutMs.default / 1_000} s by default). Commits what was read before, unless the instance was made with auto.commit.enable false.`,
      parameters: [
        ...one.parameters,
        count('timeout', `How long to wait at most, in ms; up to ${readTimeoutMs.max}.`),
        count('max_bytes', 'Bytes of keys and values at most; one record comes whatever its size.'),
      ],
      answers: {
        200: {
          description:
            'Records, none where none came in time. The content type is the one of the instance’s format, or another that is accepted.',
          type: typeOfFormat('json'),
          schema: schemaOf(consumedRecords),
          example: [{ topic: '0a1b2c3d4e5f.pin', key: pin['unique_id'], value: pin, partition: 0, offset: 31 }],
        },
      },
      otherTypes: [typeOfFormat('binary'), restV2Type, 'application/json'],
      meanings: { 409: notReading },
      refusals: {
        ...always,
        gone,
        'not-acceptable': notAcceptable('json'),
        'not-subscribed': notSubscribed,
        'no-count': noCount('timeout'),
      },
    }),
  };
}

function describeOffsets({ kindByName, suffix, one }: Shared): Json {
  return {
    post: describeOperation({
      ...one,
      operationId: `commitOffsets${suffix}`,
      summary: 'Commit what was read',
      description: 'Without a body: all of it. Else the last record of each partition that is done with.',
      body: schemaOf(consumerOffsets),
      answers: { 200: { description: 'Done.', type: restV2Type, schema: { type: 'object' }, example: {} } },
      meanings: { 409: notReading },
      refusals: {
        ...always,
        ...ofBodies,
        gone,
        'no-kind': unknownKind('Topic', kindByName),
        'no-partition': unknownPartition,
        'not-subscribed': notSubscribed,
      },
      exchanges: {
        none: {
          summary: 'An instance that is not there',
          body: { offsets: [{ topic: '0a1b2c3d4e5f.pin', partition: 0, offset: 31 }] },
          status: 404,
          answer: { error_code: 40403, message: `${gone.message}.` },
        },
      },
    }),
  };
}

function count(name: string, description: string): Json {
  return { name, in: 'query', description, schema: { type: 'integer' } };
}
