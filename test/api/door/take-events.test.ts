import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import type { StoppableProxy } from '#test/adapters/kafka/stoppable-proxy.ts';
import { startProxy } from '#test/adapters/kafka/stoppable-proxy.ts';
import type { OpenDoor } from '#test/api/open-door.ts';
import { openDoor } from '#test/api/open-door.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import { readRecords } from '#test/api/read-records.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';

const json = (id: string): string => JSON.stringify(pin({ unique_id: id }));
const records = (...ids: string[]): string => `{"records":[${ids.map((id) => `{"value":${json(id)}}`).join(',')}]}`;

/** What every route that takes events promises, whichever dialect it speaks. */
describe('every request that brings events', () => {
  let door: OpenDoor;
  before(async () => {
    door = await openDoor();
  });
  after(() => door.close());

  async function find(id: string) {
    const found = (await readRecords(door.kafka, door.topics, door.names.topicOf('pin'))).filter(({ key }) => key!.toString() === id);
    assert.equal(found.length, 1, `${id} stands ${found.length} times`);
    const [record] = found;
    return { ...record!, headers: new Map(record!.headers.map(([name, value]) => [name, value.toString()])) };
  }

  for (const [route, path, body] of [
    ['/pin/', '/pin/', json('receipt-a')],
    ['/topics', '/topics/shop.pin', records('receipt-b')],
  ] as const) {
    test(`a single event by ${route} gets a receipt with its true place and id`, async () => {
      const response = await door.post(path, body);
      assert.equal(response.status, 200);
      const { partition, offset, headers } = await find(route === '/pin/' ? 'receipt-a' : 'receipt-b');
      assert.equal(
        response.headers.get('pinflow-receipt'),
        `kind=pin, partition=${partition}, offset=${offset}, event-id="${headers.get('event-id')}"`,
      );
    });
  }

  test('several events in one request get no header; their places stand in the body', async () => {
    const response = await door.post('/topics/shop.pin', records('several-a', 'several-b'));
    assert.equal(response.headers.get('pinflow-receipt'), null);
    const { offsets } = (await response.json()) as { offsets: { partition: number; offset: number }[] };
    const second = await find('several-b');
    assert.deepEqual([offsets[1]!.partition, offsets[1]!.offset], [second.partition, second.offset]);
    assert.notEqual(second.headers.get('event-id'), (await find('several-a')).headers.get('event-id'));
  });

  test('?ack=none is answered with 202 and a receipt without a place, and the event arrives', async () => {
    const response = await door.post('/pin/?ack=none', json('unawaited'));
    assert.equal(response.status, 202);
    assert.deepEqual(await response.json(), pin({ unique_id: 'unawaited' }));
    await door.publisher.flush(5_000);
    const { headers } = await find('unawaited');
    assert.equal(response.headers.get('pinflow-receipt'), `kind=pin, event-id="${headers.get('event-id')}"`);
    const topics = await door.post('/topics/shop.pin?ack=none', records('unawaited-too'));
    assert.equal(topics.status, 202);
    assert.deepEqual(await topics.json(), {
      offsets: [{ partition: null, offset: null, error_code: null, error: null }],
      key_schema_id: null,
      value_schema_id: null,
    });
  });

  test('?ack with another value is refused, and says which there are', async () => {
    const response = await door.post('/pin/?ack=all', json('never'));
    assert.equal(response.status, 422);
    assert.match(((await response.json()) as { detail: string }).detail, /log .* or none/);
  });

  test('a request id of the client comes back; one that is no token is replaced by ours', async () => {
    const post = (id: string): Promise<Response> =>
      fetch(`${door.url}/pin/`, { method: 'POST', body: json('ids'), headers: { 'Content-Type': 'application/json', 'X-Request-Id': id } });
    assert.equal((await post('shop-17')).headers.get('x-request-id'), 'shop-17');
    const [ours, others] = [(await post('two words')).headers.get('x-request-id'), (await post('"quoted"')).headers.get('x-request-id')];
    assert.match(ours!, /^[0-9a-f]{8}-[0-9a-z]+$/);
    assert.notEqual(ours, others);
  });

  test('every answer says that it is data: also errors, health and what does not exist', async () => {
    for (const response of [
      await door.post('/pin/', json('headers')),
      await door.post('/pin/', '{'),
      await fetch(`${door.url}/healthz`),
      await fetch(`${door.url}/nothing`),
      await fetch(`${door.url}/pin/`),
      await fetch(`${door.url}/x/%E0%A4%A`),
    ]) {
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff', response.url);
      assert.match(response.headers.get('content-security-policy')!, /default-src 'none'/);
      assert.ok(response.headers.get('x-request-id'));
      assert.equal(response.headers.get('x-powered-by'), null);
      assert.match(response.headers.get('content-type')!, /json/);
    }
  });
});

describe('the door under slow senders', () => {
  test('bodies that are being read have a bound: above it 503, and one that leaves makes room', async () => {
    const door = await openDoor({ ingestMaxBodyBytes: 3_000 });
    try {
      const { port } = new URL(door.url);
      const slow = connect(Number(port), '127.0.0.1');
      await once(slow, 'connect');
      slow.write(
        `POST /pin/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n${'x'.repeat(2_900)}`,
      );
      await waitFor(() => door.budget.bytesUsed === 2_900, { what: 'the slow body to be read' });
      const refused = await door.post('/pin/', json('crowded'));
      assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '1']);
      slow.destroy();
      await waitFor(async () => (await door.post('/pin/', json('room'))).status === 200, { what: 'room for a body' });
    } finally {
      await door.close();
    }
  });
});

describe('?ack=none when the log does not answer', () => {
  let proxy: StoppableProxy;
  let door: OpenDoor;
  before(async () => {
    proxy = await startProxy((await testConfig()).kafkaBrokers[0]!);
    door = await openDoor({ ingestStallMs: 200, ingestDeadlineMs: 600 }, proxy);
  });
  after(async () => {
    await door.close();
    await proxy.close();
  });

  test('is refused like any other once the door knows, and what was promised in vain is counted', async () => {
    proxy.hold();
    assert.equal((await door.post('/pin/?ack=none', json('lost'))).status, 202);
    await waitFor(() => door.publisher.oldestInFlightMs() > 200, { what: 'the stall' });
    assert.equal((await door.post('/pin/?ack=none', json('refused'))).status, 503);
    const unacked = async (): Promise<boolean> => /^pinflow_door_unacked_total 1$/m.test(await (await fetch(`${door.url}/metrics`)).text());
    await waitFor(unacked, { what: 'the event to be counted as not acked' });
    proxy.release();
  });
});
