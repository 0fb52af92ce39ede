import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Kind } from '#domain/kinds/list.ts';
import type { OpenDoor } from '#test/api/open-door.ts';
import { openDoor } from '#test/api/open-door.ts';
import { readRecords } from '#test/api/read-records.ts';
import { badRows, rowCases } from '#test/api/row-cases.ts';

type Answer = {
  offsets: { partition: number; offset: number; error_code: null; error: null }[];
  key_schema_id: null;
  value_schema_id: null;
};

describe('POST /topics/<name>', () => {
  let door: OpenDoor;
  before(async () => {
    door = await openDoor();
  });
  after(() => door.close());

  const taken: { name: string; path: string; kind: Kind; source: string; type?: string; values: string[]; keys: string[] }[] = [
    {
      name: 'a pin',
      path: '/topics/0a1b2c3d4e5f.pin',
      kind: 'pin',
      source: '0a1b2c3d4e5f',
      values: ['{"index": 1, "unique_id": "p1", "title": "x"}'],
      keys: ['p1'],
    },
    {
      name: 'a pin with its key alone',
      path: '/topics/0a1b2c3d4e5f.pin',
      kind: 'pin',
      source: '0a1b2c3d4e5f',
      values: ['{"unique_id":"p2"}'],
      keys: ['p2'],
    },
    {
      name: 'a geo row',
      path: '/topics/0a1b2c3d4e5f.geo',
      kind: 'geo',
      source: '0a1b2c3d4e5f',
      values: [
        '{"ind": 7528, "timestamp": "2020-08-28 03:52:47", "latitude": -89.9787, "longitude": -173.293, "country": "Cote d\'Ivoire"}',
      ],
      keys: ['7528'],
    },
    {
      name: 'a user row',
      path: '/topics/0a1b2c3d4e5f.user',
      kind: 'user',
      source: '0a1b2c3d4e5f',
      values: ['{"ind": 7528, "first_name": "Ada", "last_name": "Example", "age": 20, "date_joined": "2015-10-24T11:23:51"}'],
      keys: ['7528'],
    },
    {
      name: 'a stage before the path',
      path: '/test/topics/abc.pin',
      kind: 'pin',
      source: 'abc',
      values: ['{"unique_id":"p3"}'],
      keys: ['p3'],
    },
    {
      name: 'the plural and a dash',
      path: '/topics/my-emulator-users',
      kind: 'user',
      source: 'my-emulator',
      values: ['{"idx":"9","age":3}'],
      keys: ['9'],
    },
    {
      name: 'number spellings, escapes and blanks, untouched',
      path: '/topics/s.geo',
      kind: 'geo',
      source: 's',
      values: [
        '{"ind":7.0, "latitude":1.50, "x":[1e2,{"value":"}\\\\\\""}],\n "country":"Caf\\u00e9"}',
        '{"index":"007","longitude":12345678901234567890}',
      ],
      keys: ['7', '7'],
    },
    {
      name: 'plain JSON as content type',
      path: '/topics/j.pin',
      kind: 'pin',
      source: 'j',
      type: 'application/json',
      values: ['{"unique_id":"p4"}'],
      keys: ['p4'],
    },
  ];
  for (const { name, path, kind, source, type = 'application/vnd.kafka.json.v2+json', values, keys } of taken) {
    test(`takes ${name} and tells where it is`, async () => {
      const body = `{ "ignored": {"records": [1]}, "records": [${values.map((value) => `{"key": "theirs", "partition": 0, "value": ${value} }`).join(' ,\n')}]}`;
      const response = await door.post(path, body, type);
      const text = await response.text();
      assert.equal(response.status, 200, text);
      const answer = JSON.parse(text) as Answer;
      assert.equal(answer.key_schema_id, null);
      const records = await readRecords(door.kafka, door.topics, door.names.topicOf(kind));
      for (const [i, { partition, offset, error_code, error }] of answer.offsets.entries()) {
        assert.deepEqual([error_code, error], [null, null]);
        const record = records.find((one) => one.partition === partition && one.offset === offset);
        assert.equal(record?.value?.toString(), values[i]);
        assert.equal(record?.key?.toString(), keys[i]);
        const headers = Object.fromEntries(record!.headers.map(([header, value]) => [header, value.toString()]));
        assert.equal(headers['kind'], kind);
        assert.equal(headers['source'], source);
      }
    });
  }

  test('takes every row that clients send, byte for byte', async () => {
    for (const kind of ['pin', 'geo', 'user'] as const) {
      const rows = rowCases.filter((one) => one.kind === kind);
      const response = await door.post(
        `/topics/0a1b2c3d4e5f.${kind}`,
        `{"records": [${rows.map(({ row }) => `{"value": ${row}}`).join(', ')}]}`,
        'application/vnd.kafka.json.v2+json',
      );
      const text = await response.text();
      assert.equal(response.status, 200, text);
      const { offsets } = JSON.parse(text) as Answer;
      const records = await readRecords(door.kafka, door.topics, door.names.topicOf(kind));
      for (const [i, { name, row, key }] of rows.entries()) {
        const record = records.find((one) => one.partition === offsets[i]!.partition && one.offset === offsets[i]!.offset);
        assert.deepEqual([record?.value?.toString(), record?.key?.toString()], [row, key], name);
      }
    }
  });

  test('takes geo, user and pin of one row number in any order', async () => {
    for (const [kind, row] of [
      ['geo', '{"ind": 31, "country": "x"}'],
      ['user', '{"ind": 31, "age": 20}'],
      ['pin', '{"index": 31, "unique_id": "u31"}'],
    ] as const)
      assert.equal((await door.post(`/topics/any.${kind}`, `{"records": [{"value": ${row}}]}`)).status, 200);
  });

  for (const { name, kind, row, says = /\.$/ } of badRows) {
    test(`refuses ${name}`, async () => {
      const response = await door.post(`/topics/x.${kind}`, `{"records": [{"value": ${row}}]}`);
      const { error_code: code, message } = (await response.json()) as { error_code: number; message: string };
      assert.equal(response.status, 422, message);
      assert.ok(code === 42200 || code === 42201);
      assert.match(message, says);
    });
  }

  const refused: { name: string; path?: string; body: string | Buffer; type?: string; status: number; code: number }[] = [
    { name: 'an unknown kind', path: '/topics/x.board', body: '{}', status: 404, code: 40401 },
    { name: 'a name that is no topic name', path: '/topics/a%20b.pin', body: '{}', status: 404, code: 40401 },
    { name: 'text/plain', body: '{}', type: 'text/plain', status: 415, code: 41501 },
    { name: 'more than a megabyte', body: Buffer.alloc(1_100_000, ' '), status: 413, code: 41301 },
    {
      name: 'bytes that are not UTF-8',
      body: Buffer.from('{"records":[{"value":{"unique_id":"\xe9"}}]}', 'latin1'),
      status: 400,
      code: 40000,
    },
    { name: 'no body', body: '', status: 422, code: 42200 },
    { name: 'broken JSON', body: '{"records":[', status: 422, code: 42200 },
    { name: 'no records', body: '{}', status: 422, code: 42200 },
    { name: 'an empty list of records', body: '{"records":[]}', status: 422, code: 42200 },
    { name: 'a record without a value', body: '{"records":[{"key":"k"}]}', status: 422, code: 42200 },
    { name: 'a value that is text', body: '{"records":[{"value":"{}"}]}', status: 422, code: 42200 },
    { name: 'a pin without identity', body: '{"records":[{"value":{"title":"x"}}]}', status: 422, code: 42200 },
    {
      name: 'a geo row without row number',
      path: '/topics/x.geo',
      body: '{"records":[{"value":{"country":"x"}}]}',
      status: 422,
      code: 42200,
    },
    {
      name: 'a row number that is none',
      path: '/topics/x.geo',
      body: '{"records":[{"value":{"country":"x","ind":"7.5"}}]}',
      status: 422,
      code: 42200,
    },
    {
      name: 'row numbers that contradict each other',
      path: '/topics/x.geo',
      body: '{"records":[{"value":{"country":"x","ind":7,"index":8}}]}',
      status: 422,
      code: 42200,
    },
    {
      name: 'a pin on the geo topic',
      path: '/topics/x.geo',
      body: '{"records":[{"value":{"unique_id":"u","index":8}}]}',
      status: 422,
      code: 42200,
    },
    { name: 'the same key twice in a value', body: '{"records":[{"value":{"unique_id":"u","unique_id":"v"}}]}', status: 422, code: 42200 },
    {
      name: 'a value that is too large',
      body: `{"records":[{"value":{"unique_id":"u","title":"${'x'.repeat(66_000)}"}}]}`,
      status: 422,
      code: 42201,
    },
  ];
  for (const { name, path = '/topics/x.pin', body, type = 'application/vnd.kafka.json.v2+json', status, code } of refused) {
    test(`answers ${status} with ${code} to ${name}`, async () => {
      const response = await door.post(path, body, type);
      const answer = (await response.json()) as { error_code: number; message: string };
      assert.deepEqual([response.status, answer.error_code], [status, code], answer.message);
      assert.match(answer.message, /\.$/);
    });
  }

  test('one bad record keeps the whole request out of the log', async () => {
    const topic = door.names.topicOf('pin');
    const before = await door.topics.fetchOffsets(topic);
    const response = await door.post('/topics/x.pin', '{"records":[{"value":{"unique_id":"good"}},{"value":{"title":"bad"}}]}');
    assert.equal(response.status, 422);
    assert.deepEqual(await door.topics.fetchOffsets(topic), before);
  });

  test('other methods and paths are answered in the shape of REST v2 too', async () => {
    const response = await fetch(`${door.url}/topics/x.pin`);
    assert.deepEqual([response.status, response.headers.get('allow')], [405, 'POST']);
    assert.deepEqual(await response.json(), { error_code: 40501, message: 'Method Not Allowed.' });
    for (const path of [
      '/topics',
      '/topics/x.pin/partitions/0',
      '/test/topics/x.pin/partitions',
      '/consumers/g/instances',
      '/test/consumers',
    ]) {
      const missing = await door.post(path, '{}');
      assert.deepEqual([missing.status, await missing.json()], [404, { error_code: 40400, message: 'Not Found.' }], path);
    }
  });
});
