import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { StoppableProxy } from '#test/adapters/kafka/stoppable-proxy.ts';
import { startProxy } from '#test/adapters/kafka/stoppable-proxy.ts';
import type { OpenDoor } from '#test/api/open-door.ts';
import { openDoor } from '#test/api/open-door.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import { readRecords } from '#test/api/read-records.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';

const stallMs = 300;
const deadlineMs = 1_200;

describe('the door when the log is slow, but does not stall', () => {
  test('what waits behind a slow request is told 503 at its deadline, and is not sent after all', async () => {
    const proxy = await startProxy((await testConfig()).kafkaBrokers[0]!);
    const door = await openDoor({ ingestStallMs: 60_000, ingestDeadlineMs: 400 }, proxy);
    const post = (id: string): Promise<Response> => door.post('/pin/', JSON.stringify(pin({ unique_id: id })));
    try {
      proxy.hold();
      const sent = post('sent');
      await waitFor(() => door.publisher.oldestInFlightMs() > 0, { what: 'a produce request in flight' });
      const queued = post('queued');
      assert.deepEqual([(await sent).status, (await queued).status], [504, 503]);
      proxy.release();
      await waitFor(async () => (await post('afterwards')).status === 200, { what: 'the door to take events again' });
      const keys = (await readRecords(door.kafka, door.topics, door.names.topicOf('pin'))).map(({ key }) => key!.toString());
      assert.ok(keys.includes('afterwards') && !keys.includes('queued'), keys.join(', '));
    } finally {
      await door.close();
      await proxy.close();
    }
  });
});

describe('the door when the log stops answering', () => {
  let proxy: StoppableProxy;
  let door: OpenDoor;
  const acked = new Set<string>();
  const neverSent = new Set<string>();
  const unknown = new Set<string>();
  let count = 0;

  before(async () => {
    proxy = await startProxy((await testConfig()).kafkaBrokers[0]!);
    door = await openDoor({ ingestStallMs: stallMs, ingestDeadlineMs: deadlineMs }, proxy);
  });
  after(async () => {
    await door.close();
    await proxy.close();
  });

  async function post(): Promise<{ status: number; tookMs: number; retryAfter: string | null }> {
    const id = `pin-${count++}`;
    const startedAt = performance.now();
    const response = await door.post('/pin/', JSON.stringify(pin({ unique_id: id })));
    await response.arrayBuffer();
    ({ 200: acked, 503: neverSent, 504: unknown })[response.status]?.add(id);
    return { status: response.status, tookMs: performance.now() - startedAt, retryAfter: response.headers.get('retry-after') };
  }

  const readyz = async (): Promise<number> => (await fetch(`${door.url}/readyz`)).status;
  const accepts = async (): Promise<boolean> => (await post()).status === 200;

  test('answers 504 to what was sent, 503 to what was not, and goes on by itself', async () => {
    assert.equal((await post()).status, 200);
    proxy.hold();
    // The first goes into a produce request; the second queues behind it and is never sent.
    const sent = post();
    await waitFor(() => door.publisher.oldestInFlightMs() > 0, { what: 'a produce request in flight' });
    const queued = post();
    await waitFor(() => door.publisher.oldestInFlightMs() > stallMs, { what: 'the stall' });
    const refused = await post();
    assert.deepEqual([refused.status, refused.retryAfter], [503, '1']);
    assert.ok(refused.tookMs < 200, `a refusal took ${refused.tookMs} ms`);
    assert.equal((await sent).status, 504);
    assert.ok((await sent).tookMs >= deadlineMs - 50);
    assert.equal((await queued).status, 503);
    assert.equal(await readyz(), 503);
    assert.equal((await fetch(`${door.url}/healthz`)).status, 200);
    proxy.release();
    await waitFor(accepts, { what: 'the door to take events again' });
    assert.equal(await waitFor(async () => (await readyz()) === 200, { what: 'readiness' }), true);
  });

  test('an answer that gets lost makes no second record', async () => {
    proxy.loseAnswers();
    const first = post();
    await waitFor(() => door.publisher.oldestInFlightMs() > stallMs, { what: 'the stall' });
    proxy.release();
    await first;
    await waitFor(accepts, { what: 'the door to take events again' });
  });

  test('resumes after an outage longer than every deadline', async () => {
    const before = post();
    await proxy.goDown();
    await before;
    await post();
    await waitFor(() => door.publisher.oldestInFlightMs() > 4_000, { what: 'four seconds of outage' });
    assert.equal((await post()).status, 503);
    assert.equal(await readyz(), 503);
    await proxy.comeBack();
    await waitFor(accepts, { what: 'the door to take events again' });
  });

  test('every 200 is in the log once, every 503 never, every 504 at most once', async () => {
    const records = await readRecords(door.kafka, door.topics, door.names.topicOf('pin'));
    const times = new Map<string, number>();
    for (const { key } of records) times.set(key!.toString(), (times.get(key!.toString()) ?? 0) + 1);
    assert.ok(acked.size >= 4 && neverSent.size >= 3 && unknown.size >= 1, `${acked.size}, ${neverSent.size}, ${unknown.size}`);
    for (const id of acked) assert.equal(times.get(id), 1, `${id} was acked`);
    for (const id of neverSent) assert.equal(times.get(id), undefined, `${id} was never sent`);
    for (const id of unknown) assert.ok((times.get(id) ?? 0) <= 1, `${id} stands twice`);
  });
});
