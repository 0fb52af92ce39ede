import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Consumed, ConsumerClient } from '#test/api/consumers/consumer-client.ts';
import { earliest, idsOf, makeConsumerClient, readAll, restV2Json } from '#test/api/consumers/consumer-client.ts';
import type { OpenDoor } from '#test/api/open-door.ts';
import { openDoor } from '#test/api/open-door.ts';
import { waitFor } from '#test/support/servers.ts';

describe('the consumer half of REST v2', () => {
  let door: OpenDoor;
  let client: ConsumerClient;
  before(async () => {
    door = await openDoor();
    client = makeConsumerClient(door.url);
  });
  after(() => door.close());

  test("answers the wire examples: create, subscribe, read what was posted to the client's own topic, delete", async () => {
    const base = `${door.url}/consumers/students/instances/c1`;
    const ids = Array.from({ length: 20 }, (_, i) => `wire-${i}`);
    await client.post('0a1b2c3d4e5f.pin', ids);
    await client.post('other.pin', ['not-mine']);

    const made = await client.ask('POST', '/consumers/students', { name: 'c1', ...earliest });
    assert.deepEqual([made.status, made.body], [200, { instance_id: 'c1', base_uri: base }]);
    assert.equal(made.headers.get('content-type'), 'application/vnd.kafka.v2+json');
    const subscribed = await client.ask('POST', '/consumers/students/instances/c1/subscription', { topics: ['0a1b2c3d4e5f.pin'] });
    assert.equal(subscribed.status, 204);
    assert.equal(subscribed.headers.get('content-length'), null);
    assert.deepEqual((await client.ask('GET', `${base}/subscription`)).body, { topics: ['0a1b2c3d4e5f.pin'] });

    const read = async (query = ''): Promise<Consumed[]> =>
      (await client.ask('GET', `${base}/records${query}`, undefined, { Accept: restV2Json })).body as unknown as Consumed[];
    const records = await readAll({ read }, ids.length);
    assert.deepEqual(idsOf(records).sort(), [...ids].sort());
    for (const record of records) {
      assert.deepEqual(Object.keys(record), ['topic', 'key', 'value', 'partition', 'offset']);
      assert.deepEqual(record.value, { unique_id: record.key, title: 'é' });
      assert.equal(record.topic, '0a1b2c3d4e5f.pin');
    }
    // Called twice, some time apart: what came in between, and nothing again.
    await client.post('0a1b2c3d4e5f.pin', ['later']);
    assert.deepEqual(idsOf(await readAll({ read }, 1)), ['later']);
    assert.deepEqual(await read('?timeout=0'), []);

    const removed = await client.ask('DELETE', '/consumers/students/instances/c1');
    assert.deepEqual([removed.status, removed.body], [204, undefined]);
    for (const [method, path] of [
      ['GET', '/records'],
      ['DELETE', ''],
      ['GET', '/subscription'],
      ['DELETE', '/subscription'],
    ] as const) {
      const { status, body } = await client.ask(method, base + path);
      assert.deepEqual([status, body.error_code], [404, 40403], method + path);
    }
  });

  test('a group goes on where its instance was deleted, and comes again to what was read and not committed', async () => {
    const [group, topic] = [randomUUID(), 'commits.pin'];
    await client.post(topic, ['a', 'b', 'c']);
    const first = await client.open(group, { ...earliest, 'auto.commit.enable': 'false' }, [topic]);
    assert.equal((await readAll(first, 3)).length, 3);
    await first.remove();
    const second = await client.open(group, earliest, [topic]);
    assert.equal((await readAll(second, 3)).length, 3);
    await second.remove();
    const third = await client.open(group, { ...earliest, 'auto.commit.enable': false }, [topic]);
    await client.post(topic, ['d', 'e']);
    const [one, ...others] = await readAll(third, 2);
    assert.deepEqual([one, ...others].map((record) => record!.value.unique_id).sort(), ['d', 'e']);
    const { partition, offset } = one!;
    const committed = await client.ask('POST', `${third.uri}/offsets`, { offsets: [{ topic, partition, offset }] });
    assert.equal(committed.status, 200);
    await third.remove();
    const fourth = await client.open(group, earliest, [topic]);
    const again = await readAll(fourth, others.filter((other) => other.partition !== partition || other.offset > offset).length || 0);
    assert.ok(!idsOf(again).includes(one!.value.unique_id));
    // Without a body: all that was read.
    assert.equal((await client.ask('POST', `${fourth.uri}/offsets`)).status, 200);
    for (const [offsets, code] of [
      [[{ topic: 'commits.board', partition: 0, offset: 1 }], 40401],
      [[{ topic, partition: 99, offset: 1 }], 40402],
      [[{ topic, partition: -1, offset: 1 }], 42200],
    ] as const)
      assert.equal((await client.ask('POST', `${fourth.uri}/offsets`, { offsets })).body.error_code, code);
    await fourth.remove();
  });

  test('reading on commits what was read before, and no more', async () => {
    const topic = 'reads-on.pin';
    const reader = await client.open(randomUUID(), earliest, [topic]);
    await client.post(topic, ['one', 'two']);
    await readAll(reader, 2);
    await client.post(topic, ['three']);
    assert.deepEqual(idsOf(await readAll(reader, 1)), ['three']);
    // Nothing is committed here.
    assert.equal((await client.ask('DELETE', `${reader.uri}/subscription`)).status, 204);
    assert.equal((await client.ask('POST', `${reader.uri}/subscription`, { topics: [topic] })).status, 204);
    assert.deepEqual(idsOf(await readAll(reader, 1)), ['three']);
    await reader.remove();
  });

  test('latest begins with what comes after the subscription', async () => {
    await client.post('latest.pin', ['before']);
    const reader = await client.open(randomUUID(), { format: 'json' }, ['latest.pin']);
    await client.post('latest.pin', ['after-1', 'after-2']);
    assert.deepEqual(idsOf(await readAll(reader, 2)).sort(), ['after-1', 'after-2']);
    await reader.remove();
  });

  test('max_bytes bounds an answer, the rest comes next, and one record always does', async () => {
    const ids = Array.from({ length: 30 }, (_, i) => `bytes-${i}-${'x'.repeat(200)}`);
    await client.post('bytes.pin', ids);
    const reader = await client.open(randomUUID(), earliest, ['bytes.pin']);
    const records = await readAll(reader, 1, '?max_bytes=1');
    assert.equal(records.length, 1);
    for (const batch of [await reader.read('?max_bytes=1500'), await reader.read('?max_bytes=1500')])
      assert.ok(batch.length <= 4, String(batch.length));
    assert.equal((await readAll(reader, 1)).length > 4, true);
    await reader.remove();
  });

  test('a client that goes away while it waits takes nothing with it', async () => {
    const reader = await client.open(randomUUID(), earliest, ['gone.pin']);
    assert.deepEqual(await reader.read(), []);
    const leaving = connect(Number(new URL(door.url).port), '127.0.0.1');
    leaving.write(`GET ${new URL(reader.uri).pathname}/records?timeout=30000 HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    // What was written before on this machine has been read when a later request is answered.
    for (let i = 0; i < 3; i++) await client.ask('GET', `${reader.uri}/subscription`);
    // Behind the waiting one: it is answered as soon as that has left.
    const next = reader.read('?timeout=5000');
    leaving.destroy();
    await client.post('gone.pin', ['stays']);
    assert.deepEqual(idsOf(await next), ['stays']);
    await reader.remove();
  });

  test('a bare kind, and the name in Kafka, are all records of the kind', async () => {
    await client.post('kind-a.pin', ['kind-1']);
    await door.post('/topics/pin', '{"records":[{"value":{"unique_id":"kind-2"}}]}');
    for (const topic of ['pin', door.names.topicOf('pin')]) {
      const reader = await client.open(randomUUID(), earliest, [topic]);
      const records: Consumed[] = [];
      await waitFor(
        async () => {
          records.push(...(await reader.read()));
          return ['kind-1', 'kind-2'].every((id) => idsOf(records).includes(id));
        },
        { what: 'records of all sources' },
      );
      assert.ok(records.every((record) => record.topic === topic));
      await reader.remove();
    }
  });

  test('binary is base64 of key and value, and json shows what is no JSON as text', async () => {
    await client.post('bin.pin', ['b1']);
    const made = await client.ask('POST', '/consumers/bin', { 'auto.offset.reset': 'earliest' });
    const uri = String(made.body['base_uri']);
    assert.match(String(made.body['instance_id']), /^rest-consumer-/);
    await client.ask('POST', `${uri}/subscription`, { topics: ['bin.pin'] });
    const [record] = await waitFor(
      async () => {
        const { status, headers, body } = await client.ask('GET', `${uri}/records`, undefined, { Accept: '*/*' });
        assert.equal(status, 200);
        assert.equal(headers.get('content-type'), 'application/vnd.kafka.binary.v2+json');
        const records = body as unknown as { key: string; value: string }[];
        return records.length > 0 && records;
      },
      { what: 'the record' },
    );
    const text = (base64: string): string => Buffer.from(base64, 'base64').toString();
    assert.deepEqual([text(record!.key), text(record!.value)], ['b1', '{"unique_id":"b1","title":"é"}']);
    const { status, body } = await client.ask('GET', `${uri}/records`, undefined, { Accept: restV2Json });
    assert.deepEqual([status, body.error_code], [406, 40601]);
    await client.ask('DELETE', uri);
  });

  test('base_uri is the way that the client came: its host and stage', async () => {
    const { body } = await client.ask('POST', '/test/consumers/staged', { name: 'c' });
    assert.equal(body['base_uri'], `${door.url}/test/consumers/staged/instances/c`);
    assert.equal((await client.ask('DELETE', body['base_uri'])).status, 204);
  });

  test('an instance may unsubscribe, subscribe anew, and not read without', async () => {
    const reader = await client.open(randomUUID(), earliest, ['x.pin']);
    assert.equal((await client.ask('POST', `${reader.uri}/subscription`, { topics: ['x.pin'] })).status, 204);
    assert.equal((await client.ask('POST', `${reader.uri}/subscription`, { topics: ['x.geo', 'x.user'] })).status, 204);
    assert.deepEqual((await client.ask('GET', `${reader.uri}/subscription`)).body, { topics: ['x.geo', 'x.user'] });
    assert.equal((await client.ask('DELETE', `${reader.uri}/subscription`)).status, 204);
    assert.deepEqual((await client.ask('GET', `${reader.uri}/subscription`)).body, { topics: [] });
    const { status, body } = await client.ask('GET', `${reader.uri}/records`);
    assert.deepEqual([status, body.error_code], [409, 40903]);
    await reader.remove();
  });

  const refused: { name: string; method?: string; path: string; body?: unknown; accept?: string; status: number; code: number }[] = [
    { name: 'a second instance of a name', path: '/consumers/refused', body: { name: 'taken' }, status: 409, code: 40902 },
    { name: 'a foreign format', path: '/consumers/refused', body: { format: 'avro' }, status: 422, code: 42200 },
    { name: 'a foreign reset', path: '/consumers/refused', body: { 'auto.offset.reset': 'none' }, status: 422, code: 42200 },
    { name: 'a name with a slash', path: '/consumers/refused', body: { name: 'a/b' }, status: 422, code: 42200 },
    { name: 'a group with a blank', path: '/consumers/a%20b', body: {}, status: 422, code: 42200 },
    { name: 'an array', path: '/consumers/refused', body: [], status: 422, code: 42200 },
    { name: 'no topics', path: '/consumers/refused/instances/taken/subscription', body: {}, status: 422, code: 42200 },
    {
      name: 'a topic of no kind',
      path: '/consumers/refused/instances/taken/subscription',
      body: { topics: ['x.board'] },
      status: 404,
      code: 40401,
    },
    {
      name: 'an unknown instance',
      path: '/consumers/refused/instances/nobody/subscription',
      body: { topics: ['x.pin'] },
      status: 404,
      code: 40403,
    },
    {
      name: 'a foreign Accept',
      method: 'GET',
      path: '/consumers/refused/instances/taken/records',
      accept: 'text/html',
      status: 406,
      code: 40601,
    },
    {
      name: 'a timeout that is none',
      method: 'GET',
      path: '/consumers/refused/instances/taken/records?timeout=soon',
      status: 422,
      code: 42200,
    },
  ];
  for (const { name, method = 'POST', path, body, accept, status, code } of refused) {
    test(`answers ${status} with ${code} to ${name}`, async () => {
      await client.ask('POST', '/consumers/refused', { name: 'taken', format: 'json' });
      const answer = await client.ask(method, path, body, accept === undefined ? {} : { Accept: accept });
      assert.deepEqual([answer.status, answer.body.error_code], [status, code], answer.body.message);
      assert.match(answer.body.message!, /\.$/);
    });
  }

  test('a target in absolute form is read as any other, whatever host it names', async () => {
    const reader = await client.open(randomUUID(), earliest, ['absolute.pin']);
    for (const host of ['x:99999', 'x'])
      for (const [query, status] of [
        ['timeout=1', 200],
        ['timeout=soon', 422],
      ] as const) {
        const target = `http://${host}${new URL(reader.uri).pathname}/records?${query}`;
        const asked = request(door.url, { path: target }).end();
        const [answer] = (await once(asked, 'response')) as [IncomingMessage];
        answer.resume();
        assert.equal(answer.statusCode, status, target);
      }
    await reader.remove();
  });

  test('a body of another type is 415, another method 405', async () => {
    assert.equal((await client.ask('POST', '/consumers/refused', {}, { 'Content-Type': 'text/plain' })).status, 415);
    const { headers, body } = await client.ask('PUT', '/consumers/refused');
    assert.deepEqual([headers.get('allow'), body.error_code], ['POST', 40501]);
  });

  test('there is a bound on instances', async () => {
    const made: string[] = [];
    const last = await waitFor(
      async () => {
        const answer = await client.ask('POST', '/consumers/many', {});
        if (answer.status !== 200) return answer;
        made.push(String(answer.body['base_uri']));
        return undefined;
      },
      { what: 'the bound' },
    );
    assert.deepEqual([last.status, last.headers.get('retry-after')], [503, '1']);
    assert.ok(made.length > 10 && made.length <= 64);
    for (const uri of made) await client.ask('DELETE', uri);
  });
});
