import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { partitionOfKey } from '#domain/door/partition.ts';
import type { OpenDoor } from '#test/api/open-door.ts';
import { openDoor } from '#test/api/open-door.ts';
import { fullPin, pin, refusedBodies, takenBodies } from '#test/api/pin/pin-cases.ts';
import { readRecords } from '#test/api/read-records.ts';

describe('POST /pin/', () => {
  let door: OpenDoor;
  before(async () => {
    door = await openDoor();
  });
  after(() => door.close());

  test('takes what clients send, echoes it, and puts their very bytes into the log', async () => {
    const posted: string[] = [];
    for (const { name, body } of takenBodies) {
      for (const path of ['/pin/', '/pin']) {
        const response = await door.post(path, body);
        const text = await response.text();
        assert.equal(response.status, 200, `${name}: ${text}`);
        assert.equal(text, body, name);
        posted.push(body);
      }
    }
    const records = await readRecords(door.kafka, door.topics, door.names.topicOf('pin'));
    assert.deepEqual(records.map(({ value }) => value!.toString()).sort(), [...posted].sort());
    for (const record of records) {
      const { unique_id: key } = JSON.parse(record.value!.toString()) as { unique_id: string };
      assert.equal(record.key!.toString(), key);
      assert.equal(record.partition, partitionOfKey(record.key!, door.config.topicPartitions));
    }
  });

  test('puts event-id, received-at, kind, source and instance on each record', async () => {
    const [record] = await readRecords(door.kafka, door.topics, door.names.topicOf('pin'));
    const headers = Object.fromEntries(record!.headers.map(([name, value]) => [name, value.toString()]));
    assert.match(headers['event-id']!, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.match(headers['received-at']!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Math.abs(Date.parse(headers['received-at']!) - record!.appendTimeMs) < 60_000);
    assert.equal(headers['kind'], 'pin');
    assert.equal(headers['source'], 'api');
    assert.match(headers['instance']!, /^[0-9a-f-]{36}$/);
  });

  for (const { name, body, detail } of refusedBodies) {
    test(`answers 422 in FastAPI's shape to ${name}`, async () => {
      const response = await door.post('/pin/', body);
      assert.equal(response.status, 422);
      assert.deepEqual(await response.json(), { detail });
    });
  }

  test('an answer repeats no large row with each field that it lacks', async () => {
    const body = JSON.stringify({ another: 'x'.repeat(60_000) });
    const response = await door.post('/pin/', body);
    const text = await response.text();
    assert.equal(response.status, 422);
    assert.ok((JSON.parse(text) as { detail: object[] }).detail.length >= 11);
    assert.ok(text.length < 2_000, `${text.length} bytes`);
  });

  const latin1 = Buffer.from(JSON.stringify(pin({ title: 'Café' })), 'latin1');
  const large = JSON.stringify(pin({ title: 'x'.repeat(70_000) }));
  const others: {
    name: string;
    path?: string;
    method?: string;
    body?: string | Buffer;
    type?: string;
    headers?: Record<string, string>;
    status: number;
    allow?: string;
  }[] = [
    { name: 'bytes that are not UTF-8', body: latin1, status: 400 },
    { name: 'a body that is too large', body: large, status: 413 },
    { name: 'text/plain', body: JSON.stringify(fullPin), type: 'text/plain', status: 415 },
    { name: 'a foreign charset', body: JSON.stringify(fullPin), type: 'application/json; charset=latin1', status: 415 },
    { name: 'a compressed body', body: JSON.stringify(fullPin), headers: { 'Content-Encoding': 'gzip' }, status: 415 },
    { name: 'utf-8 as the charset', body: JSON.stringify(fullPin), type: 'application/json; charset=UTF-8', status: 200 },
    { name: 'GET', method: 'GET', status: 405, allow: 'POST' },
    { name: 'DELETE', method: 'DELETE', path: '/pin', status: 405, allow: 'POST' },
    { name: 'POST to a probe', path: '/healthz', body: '', status: 405, allow: 'GET, HEAD' },
    { name: 'an unknown path', path: '/pins', body: '{}', status: 404 },
    { name: 'a malformed escape', path: '/topics/%E0%A4%A', body: '{}', status: 400 },
  ];
  for (const { name, path = '/pin/', method = 'POST', body, type = 'application/json', headers = {}, status, allow } of others) {
    test(`answers ${status} as JSON to ${name}`, async () => {
      const response = await fetch(door.url + path, {
        method,
        ...(body === undefined ? {} : { body }),
        headers: { 'Content-Type': type, ...headers },
      });
      assert.equal(response.status, status);
      assert.equal(response.headers.get('content-type'), 'application/json');
      assert.equal(response.headers.get('allow'), allow ?? null);
      const answer = (await response.json()) as { detail?: unknown };
      if (status !== 200) assert.equal(typeof answer.detail, 'string');
    });
  }

  test('a body that is far too large is answered, not reset', async () => {
    const response = await door.post('/pin/', Buffer.alloc(5_000_000, 'x'));
    assert.equal(response.status, 413);
  });

  test('refused events leave nothing in the log', async () => {
    const before = await total();
    for (const { body } of refusedBodies) await door.post('/pin/', body);
    assert.equal(await total(), before);
  });

  async function total(): Promise<number> {
    return (await door.topics.fetchOffsets(door.names.topicOf('pin'))).reduce((sum, { high }) => sum + high, 0);
  }
});
