import type { Refusal } from '#api/answers/refusal.ts';
import { refusalOfIssues, unknownKind } from '#api/answers/refusal.ts';
import { describeEvents } from '#api/describe/describe-events.ts';
import { pathParameter, stageParameter } from '#api/describe/parameters.ts';
import { ofBody } from '#api/describe/refusals.ts';
import { geo, pin, user, without } from '#api/describe/rows.ts';
import { refuseKinesis } from '#api/dialects/kinesis.ts';
import type { Door } from '#api/door/door.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { schemaOf } from '#api/openapi/json-schema.ts';
import { aboutRecord, aboutText, noRecord } from '#api/streams/refusals.ts';
import { makeStreamsRoute } from '#api/streams/route.ts';
import { rowSchemas } from '#domain/kinds/row-schemas.ts';
import { kinesisRecord, kinesisRecordAnswer, kinesisRecords, kinesisRecordsAnswer } from '#domain/schemas/kinesis.ts';

const place = (sequence: string | null) => ({ SequenceNumber: sequence, ShardId: sequence === null ? null : 'shardId-000000000000' });
const name = (kind: string): string => `streaming-0a1b2c3d4e5f-${kind}`;
const streamName = pathParameter('name', 'Name of the stream, ending in its kind.', {
  pin: name('pin'),
  geo: name('geo'),
  user: name('user'),
  'as-text': name('geo'),
  'as-base64': name('user'),
  'no-kind': name('like'),
});
const nameless = without(pin, 'unique_id');
const common = {
  tags: ['Events'],
  errors: 'KinesisError',
};
const about =
  'The kind is told by the end of the stream’s name. `Data` is the row as an object, as JSON text, or as base64 of JSON text; names of members are taken in either case. PartitionKey is ignored: the key is the row’s identity. The answer’s sequence number and shard are the true offset and partition.';

type DescribedDoor = Pick<Door, 'limits' | 'kindByName'>;

/** Records in the dialect of the Kinesis proxy. */
export function describeStreams(door: DescribedDoor): Json {
  return {
    '/streams/{name}/record': describeOne(door, 'putRecord', []),
    '/{stage}/streams/{name}/record': describeOne(door, 'putRecordThroughStage', [stageParameter]),
    '/streams/{name}/records': describeSeveral(door, 'putRecords', []),
    '/{stage}/streams/{name}/records': describeSeveral(door, 'putRecordsThroughStage', [stageParameter]),
  };
}

const refusalsOf = ({ kindByName }: DescribedDoor) => ({ 'no-kind': unknownKind('Stream', kindByName) });

function describeOne(door: DescribedDoor, operationId: string, before: readonly Json[]): Json {
  return {
    put: describeEvents({
      ...common,
      refusals: { ...refusalsOf(door), 'no-body': noRecord('record') },
      operationId,
      summary: 'Send one record in the Kinesis proxy’s shape',
      description: about,
      route: makeStreamsRoute(door, 'record'),
      parameters: [...before, streamName],
      body: schemaOf(kinesisRecord),
      taken: { description: 'Where the record is.', schema: schemaOf(kinesisRecordAnswer), receipt: true },
      exchanges: {
        pin: record('A pin', 'pin', pin),
        geo: record('A geo row', 'geo', geo),
        user: record('A user row', 'user', user),
        'as-text': record('Data as JSON text', 'geo', JSON.stringify(geo)),
        'as-base64': record('Data as base64', 'user', Buffer.from(JSON.stringify(user)).toString('base64')),
        'not-waited-for': { ...record('With ?ack=none', 'pin', pin), status: 202, answer: place(null) },
        'text-of-no-object': {
          ...record('Data as text that is no JSON object', 'pin', '[1]'),
          status: 422,
          answer: said(aboutText('Data', ofBody(Buffer.from('[1]')))),
        },
        'no-data': {
          summary: 'A record without Data',
          body: { StreamName: name('pin'), PartitionKey: 'partition-1' },
          status: 422,
          answer: {
            __type: 'ValidationException',
            message: 'Data: Must be the row as an object, as JSON text, or as base64 of JSON text. See /openapi.json.',
          },
        },
      },
    }),
  };
}

function describeSeveral(door: DescribedDoor, operationId: string, before: readonly Json[]): Json {
  return {
    put: describeEvents({
      ...common,
      refusals: { ...refusalsOf(door), 'no-body': noRecord('records') },
      operationId,
      summary: 'Send several records in the Kinesis proxy’s shape',
      description: `${about} All records are valid or none is sent.`,
      route: makeStreamsRoute(door, 'records'),
      parameters: [...before, streamName],
      body: schemaOf(kinesisRecords),
      taken: { description: 'Where each record is, in the order of the request.', schema: schemaOf(kinesisRecordsAnswer), receipt: true },
      exchanges: {
        pin: {
          summary: 'Two pins',
          body: {
            records: [
              { data: pin, 'partition-key': 'partition-1' },
              { data: { ...pin, unique_id: 'b', index: 2863 }, 'partition-key': 'partition-1' },
            ],
          },
          status: 200,
          answer: { FailedRecordCount: 0, Records: [place('31'), place('7')] },
        },
        'no-identity': {
          summary: 'A pin without unique_id',
          body: { Records: [{ Data: nameless, PartitionKey: 'k' }] },
          status: 422,
          answer: said(aboutRecord('Records.0.Data', refusalOfIssues(rowSchemas.pin.safeParse(nameless).error!.issues))),
        },
      },
    }),
  };
}

function record(summary: string, kind: string, data: unknown) {
  return {
    summary,
    body: { StreamName: name(kind), Data: data, PartitionKey: 'partition-1' },
    status: 200,
    answer: place('31'),
  };
}

function said(refusal: Refusal): unknown {
  return JSON.parse(String(refuseKinesis(refusal).body));
}
