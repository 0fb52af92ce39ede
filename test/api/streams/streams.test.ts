import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Kind } from '#domain/kinds/list.ts';
import type { OpenDoor } from '#test/api/open-door.ts';
import { openDoor } from '#test/api/open-door.ts';
import { readRecords } from '#test/api/read-records.ts';
import { badRows, pythonJson, rowCases } from '#test/api/row-cases.ts';

type KinesisError = { ['__type']: string; message: string };
type Place = { SequenceNumber: string; ShardId: string };

/** The three ways in which clients put a row into `Data`. */
const wrappings: { name: string; wrap: (row: string) => string }[] = [
  { name: 'an object', wrap: (row) => row },
  { name: 'JSON text', wrap: (row) => JSON.stringify(row) },
  { name: 'base64', wrap: (row) => JSON.stringify(Buffer.from(row).toString('base64')) },
];

describe('PUT /streams/<name>/record and /records', () => {
  let door: OpenDoor;
  before(async () => {
    door = await openDoor({ ingestNameKinds: ['clicks=pin'] });
  });
  after(() => door.close());

  const put = (path: string, body: string | Buffer, type = 'application/json'): Promise<Response> =>
    fetch(door.url + path, { method: 'PUT', body, headers: { 'Content-Type': type } });

  async function recordAt(kind: Kind, { SequenceNumber, ShardId }: Place) {
    assert.match(ShardId, /^shardId-\d{12}$/);
    const records = await readRecords(door.kafka, door.topics, door.names.topicOf(kind));
    const record = records.find((one) => String(one.offset) === SequenceNumber && one.partition === Number(ShardId.slice(8)));
    assert.ok(record, `no record at ${ShardId}/${SequenceNumber}`);
    return record;
  }

  for (const { name, wrap } of wrappings) {
    test(`takes every row as ${name}, one a request, and tells where it is`, async () => {
      const places: { kind: Kind; row: string; key: string; place: Place; name: string }[] = [];
      for (const { name: what, kind, row, key } of rowCases) {
        const stream = `streaming-0a1b2c3d4e5f-${kind}`;
        const response = await put(
          `/streams/${stream}/record`,
          `{"StreamName": "${stream}", "Data": ${wrap(row)}, "PartitionKey": "partition-1"}`,
        );
        const text = await response.text();
        assert.equal(response.status, 200, `${what}: ${text}`);
        assert.equal(response.headers.get('content-type'), 'application/json');
        places.push({ kind, row, key, name: what, place: JSON.parse(text) as Place });
      }
      for (const kind of ['pin', 'geo', 'user'] as const) {
        const records = await readRecords(door.kafka, door.topics, door.names.topicOf(kind));
        for (const { row, key, place, name: what } of places.filter((one) => one.kind === kind)) {
          const record = records.find(
            (one) => String(one.offset) === place.SequenceNumber && `shardId-${String(one.partition).padStart(12, '0')}` === place.ShardId,
          );
          assert.equal(record?.value?.toString(), row, what);
          assert.equal(record?.key?.toString(), key, what);
          const headers = Object.fromEntries(record.headers.map(([header, value]) => [header, value.toString()]));
          assert.deepEqual([headers['kind'], headers['source']], [kind, 'streaming-0a1b2c3d4e5f']);
        }
      }
    });

    test(`refuses every bad row as ${name}, in the shape of Kinesis, and sends none`, async () => {
      const before = await total();
      for (const { name: what, kind, row, says = /./ } of badRows) {
        const good = rowCases.find((one) => one.kind === kind)!.row;
        for (const [form, body] of [
          ['record', `{"Data": ${wrap(row)}}`],
          ['records', `{"Records": [{"Data": ${good}}, {"Data": ${wrap(row)}}]}`],
        ] as const) {
          const response = await put(`/streams/s-${kind}/${form}`, body);
          const answer = (await response.json()) as KinesisError;
          assert.equal(response.status, 422, `${what}: ${answer.message}`);
          assert.match(answer['__type'], /^(Validation|Serialization)Exception$/, what);
          assert.match(answer.message, /^[^{}]+\.$/, what);
          assert.match(answer.message, says);
        }
      }
      assert.equal(await total(), before);
    });
  }

  test('answers a record as the proxy does: two members, offset and 12 digits of the partition', async () => {
    const response = await put('/streams/one.geo/record', '{"Data":{"ind":4711,"country":"x"}}');
    const place = (await response.json()) as Place;
    assert.deepEqual(Object.keys(place), ['SequenceNumber', 'ShardId']);
    assert.equal((await recordAt('geo', place)).key?.toString(), '4711');
    assert.match(response.headers.get('pinflow-receipt')!, new RegExp(`^kind=geo, partition=\\d+, offset=${place.SequenceNumber}, `));
  });

  const spellings = [
    '{"records": [{"data": D1, "partition-key": "partition-1"}, {"data": D2, "partition-key": 5}]}',
    '{"Records": [{"Data": D1, "PartitionKey": "index"}, {"Data": D2, "PartitionKey": "1"}]}',
    '{"StreamName": "x", "Records": [{"data": D1}, {"PartitionKey": 7528, "ExplicitHashKey": "3", "Data": D2}], "x": {"Records": [{"Data": 1}]}}',
    '{"Records":[{"\\u0044ata":D1,"x":"\\"Data\\":"},{"Data":D2}]}',
  ];
  for (const [i, spelling] of spellings.entries()) {
    test(`takes several records as ${spelling.slice(0, 60)}...`, async () => {
      const rows = [`{"ind": ${i + 1}1.0, "country": "x"}`, `{"ind": ${i + 1}2, "country": "x"}`];
      const response = await put('/streams/s-geo/records', spelling.replace('D1', rows[0]!).replace('D2', JSON.stringify(rows[1])));
      const text = await response.text();
      assert.equal(response.status, 200, text);
      const answer = JSON.parse(text) as { FailedRecordCount: number; Records: Place[] };
      assert.deepEqual(Object.keys(answer), ['FailedRecordCount', 'Records']);
      assert.equal(answer.FailedRecordCount, 0);
      for (const [position, place] of answer.Records.entries())
        assert.equal((await recordAt('geo', place)).value?.toString(), rows[position]);
    });
  }

  const names: { path: string; kind: Kind; source: string }[] = [
    { path: '/streams/streaming-0a1b2c3d4e5f-pin/record', kind: 'pin', source: 'streaming-0a1b2c3d4e5f' },
    { path: '/dev/streams/streaming_0a1b2c3d4e5f_pins/record', kind: 'pin', source: 'streaming_0a1b2c3d4e5f' },
    { path: '/streams/0a1b.pin/record', kind: 'pin', source: '0a1b' },
    { path: '/streams/clicks/record', kind: 'pin', source: 'clicks' },
  ];
  for (const { path, kind, source } of names) {
    test(`reads kind ${kind} and source ${source} off ${path}`, async () => {
      const response = await put(path, `{"Data": ${pythonJson({ unique_id: path })}}`, 'application/x-amz-json-1.1');
      assert.equal(response.status, 200);
      const { headers } = await recordAt(kind, (await response.json()) as Place);
      assert.deepEqual(headers.find(([name]) => name === 'source')?.[1].toString(), source);
    });
  }

  test('answers 202 without a place where nobody waits', async () => {
    const response = await put('/streams/s-geo/record?ack=none', '{"Data":{"ind":1,"country":"x"}}');
    assert.deepEqual([response.status, await response.json()], [202, { SequenceNumber: null, ShardId: null }]);
  });

  const refused: { name: string; path?: string; body: string | Buffer; type?: string; status: number; error: string }[] = [
    { name: 'an unknown stream', path: '/streams/s-board/record', body: '{}', status: 404, error: 'ResourceNotFoundException' },
    { name: 'no body', body: '', status: 422, error: 'ValidationException' },
    { name: 'broken JSON', body: '{"Data":', status: 422, error: 'SerializationException' },
    { name: 'an array', body: '[]', status: 422, error: 'SerializationException' },
    { name: 'no data', body: '{"PartitionKey":"1"}', status: 422, error: 'ValidationException' },
    {
      name: 'data twice, in either case',
      body: '{"Data":{"unique_id":"a"},"data":{"unique_id":"b"}}',
      status: 422,
      error: 'ValidationException',
    },
    { name: 'a number as data', body: '{"Data":5}', status: 422, error: 'ValidationException' },
    { name: 'empty text as data', body: '{"Data":""}', status: 422, error: 'SerializationException' },
    { name: 'base64 of no JSON', body: '{"Data":"AAAA"}', status: 422, error: 'SerializationException' },
    { name: 'no records', path: '/streams/s-pin/records', body: '{"Records":[]}', status: 422, error: 'ValidationException' },
    {
      name: 'a record that is no object',
      path: '/streams/s-pin/records',
      body: '{"Records":[1]}',
      status: 422,
      error: 'ValidationException',
    },
    { name: 'bytes that are not UTF-8', body: Buffer.from([0x7b, 0xff]), status: 400, error: 'SerializationException' },
    { name: 'text/plain', body: '{}', type: 'text/plain', status: 415, error: 'ValidationException' },
    { name: 'more than a megabyte', body: Buffer.alloc(1_100_000, ' '), status: 413, error: 'ValidationException' },
  ];
  for (const { name, path = '/streams/s-pin/record', body, type = 'application/json', status, error } of refused) {
    test(`answers ${status} with ${error} to ${name}`, async () => {
      const response = await put(path, body, type);
      const answer = (await response.json()) as KinesisError;
      assert.deepEqual([response.status, answer['__type']], [status, error], answer.message);
      assert.match(answer.message, /\.$/);
    });
  }

  test('other methods and paths are answered in the shape of Kinesis too', async () => {
    const response = await door.post('/streams/s-pin/record', '{}');
    assert.deepEqual([response.status, response.headers.get('allow')], [405, 'PUT']);
    assert.deepEqual(await response.json(), { __type: 'UnknownOperationException', message: 'Method Not Allowed.' });
    for (const path of ['/streams', '/streams/s-pin', '/test/streams/s-pin/shards/1']) {
      const missing = await put(path, '{}');
      assert.deepEqual([missing.status, await missing.json()], [404, { __type: 'UnknownOperationException', message: 'Not Found.' }], path);
    }
  });

  async function total(): Promise<number> {
    const offsets = await Promise.all(door.names.topics.map((topic) => door.topics.fetchOffsets(topic)));
    return offsets.flat().reduce((sum, { high }) => sum + high, 0);
  }
});
