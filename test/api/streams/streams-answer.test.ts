import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Request } from 'express';
import type { BodyReader, Intake } from '#api/door/event-route.ts';
import { makeStreamsRoute } from '#api/streams/route.ts';
import { Failure } from '#domain/failures.ts';

const place = { topic: 't', partition: 3, offset: 41, appendTimeMs: 0 };

function intakeOf(form: 'record' | 'records', body: string): Intake {
  const route = makeStreamsRoute({ limits: { eventBytesMax: 1_000, requestBytesMax: 10_000 }, kindByName: new Map() }, form);
  const reader = route.open({ params: { name: 'x-geo' } } as unknown as Request) as BodyReader;
  reader.write(Buffer.from(body));
  return reader.end() as Intake;
}

test('records that Kafka did not take have the codes of Kinesis, in their places', () => {
  const intake = intakeOf('records', `{"Records": [${[1, 2, 3, 4].map((ind) => `{"Data": {"ind": ${ind}, "country": "x"}}`).join()}]}`);
  const outcomes = [
    place,
    new Failure('unavailable', 'It was not sent.'),
    new Failure('timeout', 'It may exist.'),
    new Failure('invalid_data', 'It never fits.'),
  ];
  const answer = intake.answer(outcomes, ['a', 'b', 'c', 'd']);
  assert.equal(answer.status, 200);
  assert.equal(answer.isRetriable, true);
  assert.deepEqual(JSON.parse(String(answer.body)), {
    FailedRecordCount: 3,
    Records: [
      { SequenceNumber: '41', ShardId: 'shardId-000000000003' },
      { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'It was not sent.' },
      { ErrorCode: 'InternalFailure', ErrorMessage: 'It may exist.' },
      { ErrorCode: 'InternalFailure', ErrorMessage: 'It never fits.' },
    ],
  });
  assert.equal(intake.answer([place, place, place, place], ['a', 'b', 'c', 'd']).isRetriable, false);
});

test('of many records that Kafka did not take the first are explained; the others have their code', () => {
  const intake = intakeOf('records', `{"Records": [${'{"Data":{"ind":1}},'.repeat(299)}{"Data":{"ind":1}}]}`);
  const failure = new Failure('unavailable', 'x'.repeat(100));
  const body = String(
    intake.answer(
      Array.from({ length: 300 }, () => failure),
      [],
    ).body,
  );
  const { FailedRecordCount: failed, Records: records } = JSON.parse(body) as {
    FailedRecordCount: number;
    Records: { ErrorCode: string; ErrorMessage: string }[];
  };
  assert.deepEqual([failed, records.length], [300, 300]);
  assert.ok(records.every(({ ErrorCode: code }) => code === 'ProvisionedThroughputExceededException'));
  assert.equal(records.filter(({ ErrorMessage: message }) => message === failure.message).length, 100);
  assert.ok(body.length < 300 * 100 + 10_000, `${body.length} bytes`);
});

test('a whole request that Kafka did not take is an error of Kinesis', () => {
  const route = makeStreamsRoute({ limits: { eventBytesMax: 1_000, requestBytesMax: 10_000 }, kindByName: new Map() }, 'record');
  for (const [status, reason, type] of [
    [503, 'overloaded', 'ProvisionedThroughputExceededException'],
    [503, 'log_unavailable', 'ServiceUnavailable'],
    [504, 'log_timeout', 'InternalFailure'],
    [429, 'rate_limited', 'ProvisionedThroughputExceededException'],
  ] as const) {
    const { body, status: said, headers } = route.refuse({ status, reason, message: 'So it is', headers: { 'Retry-After': '1' } });
    assert.deepEqual([said, JSON.parse(String(body)), headers['Retry-After']], [status, { __type: type, message: 'So it is.' }, '1']);
  }
});
