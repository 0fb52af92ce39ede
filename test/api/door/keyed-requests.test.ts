import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { headerNames } from '#domain/terms.ts';
import type { StoppableProxy } from '#test/adapters/kafka/stoppable-proxy.ts';
import { startProxy } from '#test/adapters/kafka/stoppable-proxy.ts';
import type { OpenDoor } from '#test/api/open-door.ts';
import { openDoor } from '#test/api/open-door.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import { readRecords } from '#test/api/read-records.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

/** Requests with an Idempotency-Key through the whole door: a real broker behind a proxy, a real Postgres. */
describe('Idempotency-Key', () => {
  const deadlineMs = 1_500;
  let proxy: StoppableProxy;
  let door: OpenDoor;
  let postgres: Postgres;
  before(async () => {
    proxy = await startProxy((await testConfig()).kafkaBrokers[0]!);
    door = await openDoor({ ingestDeadlineMs: deadlineMs }, proxy);
    postgres = makePostgres({ url: door.config.postgresUrl, applicationName: 'pinflow-test' });
    await migrate(postgres);
  });
  after(async () => {
    await door.close();
    await postgres.close();
    await proxy.close();
  });

  const postPin = (key: string, id: string): Promise<Response> =>
    door.post('/pin/', JSON.stringify(pin({ unique_id: id })), 'application/json', { 'Idempotency-Key': key });
  const eventIdsOf = async (id: string): Promise<string[]> => {
    const records = await readRecords(door.kafka, door.topics, door.names.topicOf('pin'));
    return records
      .filter(({ key }) => String(key) === id)
      .map(({ headers }) => String(headers.find(([name]) => name === headerNames.eventId)?.[1]));
  };

  test('publishes once and answers the same again, receipt included', async () => {
    const first = await postPin('same', 'once');
    const again = await postPin('same', 'once');
    assert.deepEqual([first.status, again.status], [200, 200]);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    assert.equal(first.headers.get('idempotency-replayed'), null);
    assert.equal(again.headers.get('pinflow-receipt'), first.headers.get('pinflow-receipt'));
    assert.equal(await again.text(), await first.text());
    assert.equal((await eventIdsOf('once')).length, 1);
    assert.equal((await postPin('same', 'another')).status, 422);
    assert.equal((await eventIdsOf('another')).length, 0);
  });

  test('answers a refusal again, and counts what became of keyed requests', async () => {
    const send = (body: string): Promise<Response> => door.post('/topics/x.pin', body, undefined, { 'Idempotency-Key': 'refused' });
    const [first, second] = [await send('{"records":[]}'), await send('{"records":[]}')];
    assert.deepEqual([first.status, second.status], [422, 422]);
    assert.deepEqual([first.headers.get('idempotency-replayed'), second.headers.get('idempotency-replayed')], [null, 'true']);
    assert.equal(await second.text(), await first.text());
    // The key stands for the first request, also where that was a bad one.
    assert.match(await (await send('{"records":[{"value":{"unique_id":"good"}}]}')).text(), /Idempotency-Key/);
    const metrics = await (await fetch(`${door.url}/metrics`)).text();
    assert.match(metrics, /pinflow_door_idempotent_total\{outcome="replayed"\} 2\n/);
    assert.match(metrics, /pinflow_door_idempotent_total\{outcome="mismatch"\} 2\n/);
  });

  test('of several records gives every one back where it is', async () => {
    const body = JSON.stringify({ records: [{ value: { unique_id: 'bulk-1' } }, { value: { unique_id: 'bulk-2' } }] });
    const send = (path: string): Promise<Response> => door.post(path, body, undefined, { 'Idempotency-Key': 'bulk' });
    const first = await (await send('/topics/x.pin')).json();
    assert.deepEqual(await (await send('/topics/x.pin')).json(), first);
    const ids = [...(await eventIdsOf('bulk-1')), ...(await eventIdsOf('bulk-2'))];
    assert.deepEqual([ids.length, new Set(ids).size], [2, 2]);
    // The target counts as part of the request.
    assert.equal((await send('/topics/y.pin')).status, 422);
  });

  test('of many rows gives each the same event id again, also those that were refused', async () => {
    const rows = [...Array.from({ length: 2_500 }, (_, i) => `{"ind":${i + 100_000}}`), '{"no":1}'].join('\n');
    const send = (): Promise<Response> => door.post('/events?kind=geo', rows, 'application/x-ndjson', { 'Idempotency-Key': 'many' });
    const first = await send();
    assert.equal(first.status, 207);
    const again = await send();
    assert.deepEqual([again.status, again.headers.get('idempotency-replayed')], [207, 'true']);
    assert.equal(await again.text(), await first.text());
    const offsets = await door.topics.fetchOffsets(door.names.topicOf('geo'));
    assert.equal(
      offsets.reduce((sum, { high }) => sum + high, 0),
      2_500,
    );
  });

  test('tells twins that the first is running; exactly one publishes', async () => {
    proxy.hold();
    const first = postPin('twins', 'twin');
    await waitFor(() => door.publisher.inFlight().events === 1, { what: 'the first to be on its way' });
    const twins = await Promise.all(Array.from({ length: 5 }, () => postPin('twins', 'twin')));
    proxy.release();
    for (const twin of twins) assert.deepEqual([twin.status, twin.headers.get('retry-after')], [409, '1']);
    assert.equal((await first).status, 200);
    assert.equal((await eventIdsOf('twin')).length, 1);
  });

  test('after a 504 publishes again with the same event id', async () => {
    proxy.hold();
    const lost = await postPin('lost', 'lost');
    assert.equal(lost.status, 504);
    assert.equal((await postPin('lost', 'lost')).status, 409);
    await postgres.execute(`UPDATE pinflow.idempotency SET claimed_at = claimed_at - interval '10 s' WHERE key = 'lost'`);
    proxy.release();
    await waitFor(async () => (await door.post('/pin/', JSON.stringify(pin()))).status === 200, { what: 'the door to take events again' });
    const again = await postPin('lost', 'lost');
    assert.equal(again.status, 200);
    const ids = await eventIdsOf('lost');
    assert.ok(ids.length >= 1);
    assert.equal(new Set(ids).size, 1);
    assert.match(again.headers.get('pinflow-receipt')!, new RegExp(`event-id="${ids[0]!}"`));
  });

  test('with ?ack=none stores what Kafka decided, and nothing before', async () => {
    const post = (key: string): Promise<Response> =>
      door.post('/pin/?ack=none', JSON.stringify(pin({ unique_id: key })), 'application/json', { 'Idempotency-Key': key });
    const taken = await post('unawaited');
    assert.equal(taken.status, 202);
    const again = await waitFor(
      async () => {
        const answer = await post('unawaited');
        return answer.status !== 409 && answer;
      },
      { what: 'the outcome to be stored' },
    );
    assert.deepEqual([again.status, again.headers.get('idempotency-replayed')], [202, 'true']);
    assert.equal(again.headers.get('pinflow-receipt'), taken.headers.get('pinflow-receipt'));
    assert.equal((await eventIdsOf('unawaited')).length, 1);

    proxy.hold();
    assert.equal((await post('in vain')).status, 202);
    // Promised, and not true yet: nobody is told that it is.
    assert.equal((await post('in vain')).status, 409);
    await door.publisher.flush(2 * deadlineMs);
    proxy.release();
    await waitFor(async () => (await door.post('/pin/', JSON.stringify(pin()))).status === 200, { what: 'the door to take events again' });
    assert.equal((await post('in vain')).status, 409, 'it may exist: 10 s must pass');
    await postgres.execute(`UPDATE pinflow.idempotency SET claimed_at = claimed_at - interval '10 s' WHERE key = 'in vain'`);
    const later = await post('in vain');
    assert.deepEqual([later.status, later.headers.get('idempotency-replayed')], [202, null]);
    await door.publisher.flush(5_000);
    const ids = await eventIdsOf('in vain');
    assert.ok(ids.length >= 1);
    assert.equal(new Set(ids).size, 1);
  });

  test('is refused while Postgres is away; requests without it are not concerned', async () => {
    const apart = await openDoor({ postgresUrl: 'postgres://nobody@127.0.0.1:1/none' });
    const send = (headers: Record<string, string>): Promise<Response> =>
      apart.post('/pin/', JSON.stringify(pin()), 'application/json', headers);
    const keyed = await send({ 'Idempotency-Key': 'k' });
    assert.equal(keyed.status, 503);
    assert.equal(keyed.headers.get('retry-after'), '1');
    assert.match(await keyed.text(), /or without Idempotency-Key/);
    assert.equal((await send({})).status, 200);
    await apart.close();
  });
});
