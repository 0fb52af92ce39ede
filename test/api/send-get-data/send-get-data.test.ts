import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import kafkajs from 'kafkajs';
import type { OpenDoor } from '#test/api/open-door.ts';
import { openDoor } from '#test/api/open-door.ts';
import { readRecords } from '#test/api/read-records.ts';
import { badRows, rowCases } from '#test/api/row-cases.ts';

type Sent = { status: string; topic: string; partition: number; offset: number };
type Got = { topic: string; key: string; value: unknown; partition: number; offset: number };

const endings = { pin: ['pin', 'pins'], geo: ['geo'], user: ['user', 'users'] } as const;

describe('POST /send_data', () => {
  let door: OpenDoor;
  before(async () => {
    door = await openDoor({ ingestNameKinds: ['places=geo'] });
  });
  after(() => door.close());

  for (const kind of ['pin', 'geo', 'user'] as const) {
    for (const ending of endings[kind]) {
      test(`takes every row of pin_data.${ending} and tells where it is`, async () => {
        const topic = `pin_data.${ending}`;
        const sent: { row: string; key: string; name: string; answer: Sent }[] = [];
        for (const { name, row, key } of rowCases.filter((one) => one.kind === kind)) {
          const response = await door.post(`/send_data?topic=${topic}`, row);
          const text = await response.text();
          assert.equal(response.status, 200, `${name}: ${text}`);
          sent.push({ row, key, name, answer: JSON.parse(text) as Sent });
        }
        const records = await readRecords(door.kafka, door.topics, door.names.topicOf(kind));
        for (const { row, key, name, answer } of sent) {
          assert.deepEqual([answer.status, answer.topic], ['success', topic]);
          const record = records.find((one) => one.partition === answer.partition && one.offset === answer.offset);
          assert.deepEqual([record?.value?.toString(), record?.key?.toString()], [row, key], name);
          assert.equal(record!.headers.find(([header]) => header === 'source')?.[1].toString(), 'pin_data');
        }
      });
    }
  }

  test('takes geo, user and pin of one idx in that order', async () => {
    const rows = { geo: '{"idx": 7528, "country": "x"}', user: '{"idx": 7528, "age": 20}', pin: '{"idx": 7528, "unique_id": "c"}' };
    for (const [kind, row] of Object.entries(rows)) assert.equal((await door.post(`/send_data?topic=pin_data.${kind}`, row)).status, 200);
  });

  test('takes topics that the mapping knows, and does not wait where nobody wants to', async () => {
    const response = await door.post('/send_data?ack=none&topic=places', '{"idx": 1, "country": "x"}');
    assert.deepEqual(
      [response.status, await response.json()],
      [202, { status: 'success', topic: 'places', partition: null, offset: null }],
    );
  });

  for (const { name, kind, row, says = /./ } of badRows) {
    test(`refuses ${name} in the shape of FastAPI`, async () => {
      const response = await door.post(`/send_data?topic=pin_data.${kind}`, row);
      const { detail } = (await response.json()) as { detail: { type: string; loc: string[]; msg: string }[] | string };
      if (name === 'a row that is too large') return assert.deepEqual([response.status, typeof detail], [413, 'string']);
      assert.equal(response.status, 422);
      assert.ok(Array.isArray(detail));
      for (const { type, loc, msg } of detail) assert.deepEqual([typeof type, loc[0], typeof msg], ['string', 'body', 'string']);
      assert.match(detail[0]!.msg, says);
      return undefined;
    });
  }

  const refused: { name: string; path: string; body: string; status: number; detail: unknown }[] = [
    {
      name: 'a request without topic',
      path: '/send_data',
      body: '{}',
      status: 422,
      detail: [{ type: 'missing', loc: ['query', 'topic'], msg: 'Field required', input: null }],
    },
    {
      name: 'a body that is missing',
      path: '/send_data?topic=pin_data.pin',
      body: '',
      status: 422,
      detail: [{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }],
    },
    {
      name: 'a pin without identity',
      path: '/send_data?topic=pin_data.pin',
      body: '{"idx":1,"title":"x"}',
      status: 422,
      detail: [{ type: 'missing', loc: ['body', 'unique_id'], msg: 'Field required', input: { idx: 1, title: 'x' } }],
    },
    {
      name: 'a topic of no kind',
      path: '/send_data?topic=pin_data.board',
      body: '{}',
      status: 404,
      detail: 'Topic not found. Its name must end in pin, pins, geo, user or users after `.`, `-` or `_`, or be one of places',
    },
  ];
  for (const { name, path, body, status, detail } of refused) {
    test(`answers ${status} to ${name}`, async () => {
      const response = await door.post(path, body);
      assert.deepEqual([response.status, await response.json()], [status, { detail }]);
    });
  }
});

describe('GET /get_data', () => {
  let door: OpenDoor;
  before(async () => {
    door = await openDoor();
  });
  after(() => door.close());

  const get = async (query = ''): Promise<{ status: number; body: Got & { detail?: unknown } }> => {
    const response = await fetch(`${door.url}/get_data${query}`);
    return { status: response.status, body: (await response.json()) as Got };
  };

  // In this order: a topic must be empty before it holds anything.
  test('answers 404 as long as there is nothing', async () => {
    for (const query of ['', '?topic=pin_data.geo'])
      assert.deepEqual(await get(query), { status: 404, body: { detail: 'There is no message yet' } });
  });

  test('answers the newest message of the kind, and without topic the newest of all', async () => {
    for (const idx of [1, 2, 3]) {
      const row = { idx, country: 'Côte', latitude: 1.5 };
      const sent = (await (await door.post('/send_data?topic=pin_data.geo', JSON.stringify(row))).json()) as Sent;
      const expected = { topic: 'pin_data.geo', key: String(idx), value: row, partition: sent.partition, offset: sent.offset };
      for (const query of ['?topic=pin_data.geo', '', '?topic=pin_data.geo'])
        assert.deepEqual(await get(query), { status: 200, body: expected });
    }
    await door.post('/send_data?topic=pin_data.users', '{"idx": 4, "age": 20}');
    assert.equal((await get()).body.topic, 'pin_data.user');
    assert.equal((await get('?topic=other-geo')).body.key, '3');
  });

  test('answers many at once', async () => {
    await door.post('/send_data?topic=pin_data.geo', '{"idx": 5, "country": "x"}');
    const answers = await Promise.all(Array.from({ length: 20 }, () => get('?topic=pin_data.geo')));
    for (const { status, body } of answers) assert.deepEqual([status, body.key], [200, '5']);
  });

  test('keeps the spelling of numbers, and shows as text what is no JSON', async () => {
    await door.post('/send_data?topic=pin_data.geo', '{"idx": 6.0, "country": "x", "big": 12345678901234567890}');
    const text = await (await fetch(`${door.url}/get_data?topic=pin_data.geo`)).text();
    assert.ok(text.includes('"value":{"idx": 6.0, "country": "x", "big": 12345678901234567890}'), text);
    const producer = door.kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    const values: [value: Buffer | null, shown: unknown][] = [
      [Buffer.from('{"a":'), '{"a":'],
      [Buffer.from([0xff]), '\ufffd'],
      [Buffer.from('[1]'), [1]],
      [Buffer.alloc(0), ''],
      [null, null],
    ];
    for (const [value, shown] of values) {
      await producer.send({ topic: door.names.topicOf('geo'), messages: [{ value, partition: 0 }] });
      const { status, body } = await get('?topic=pin_data.geo');
      assert.deepEqual([status, body.value, body.key], [200, shown, null]);
    }
    assert.equal((await get()).body.topic, 'geo');
    await producer.disconnect();
  });

  test('answers 404 to a topic of no kind and 405 to POST', async () => {
    assert.equal((await get('?topic=x.board')).status, 404);
    const response = await door.post('/get_data', '{}');
    assert.deepEqual([response.status, response.headers.get('allow')], [405, 'GET, HEAD']);
  });
});
