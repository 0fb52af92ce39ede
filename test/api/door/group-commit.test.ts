import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { mergeRanges } from '#domain/door/acked-ranges.ts';
import { startProxy } from '#test/adapters/kafka/stoppable-proxy.ts';
import type { OpenDoor } from '#test/api/open-door.ts';
import { openDoor } from '#test/api/open-door.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import { readRecords } from '#test/api/read-records.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';

const clients = 64;
const perClient = 50;

describe('group commit', () => {
  let door: OpenDoor;
  before(async () => {
    door = await openDoor();
  });
  after(() => door.close());

  test(`acked = stored under ${clients} concurrent clients, with the true partition and offset`, async () => {
    const places = new Map<string, string>();
    await Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        for (let i = 0; i < perClient; i++) {
          const id = `c${client}-${i}`;
          // Half of them by the route that tells where the record is.
          if (i % 2 === 0) {
            const response = await door.post('/topics/load.pin', `{"records":[{"value":${JSON.stringify(pin({ unique_id: id }))}}]}`);
            const { offsets } = (await response.json()) as { offsets: { partition: number; offset: number }[] };
            places.set(id, `${offsets[0]!.partition}/${offsets[0]!.offset}`);
          } else {
            const response = await door.post('/pin/', JSON.stringify(pin({ unique_id: id })));
            assert.equal(response.status, 200);
            await response.arrayBuffer();
            places.set(id, '');
          }
        }
      }),
    );
    const records = await readRecords(door.kafka, door.topics, door.names.topicOf('pin'));
    assert.equal(records.length, clients * perClient);
    assert.equal(new Set(records.map(({ key }) => key!.toString())).size, clients * perClient);
    for (const { key, partition, offset } of records) {
      const place = places.get(key!.toString());
      if (place !== '') assert.equal(`${partition}/${offset}`, place, key!.toString());
    }
    const offsets = await door.topics.fetchOffsets(door.names.topicOf('pin'));
    assert.deepEqual(
      mergeRanges(door.acked).sort((left, right) => left.partition - right.partition),
      offsets
        .filter(({ high }) => high > 0)
        .map(({ partition, high }) => ({ topic: door.names.topicOf('pin'), partition, first: 0, last: high - 1 })),
    );
    const metrics = await (await fetch(`${door.url}/metrics`)).text();
    const produced = Number(/^pinflow_door_produce_records_count (\d+)$/m.exec(metrics)?.[1]);
    assert.ok(produced < records.length / 2, `${produced} requests for ${records.length} records are no group commit`);
  });
});

describe('the bound on events in flight', () => {
  test('is answered with 503 at once, and what was taken is answered with 200', async () => {
    const proxy = await startProxy((await testConfig()).kafkaBrokers[0]!);
    const door = await openDoor({ ingestMaxEvents: 10, ingestStallMs: 60_000, ingestDeadlineMs: 60_000 }, proxy);
    try {
      proxy.hold();
      const taken = Array.from({ length: 10 }, (_, i) => door.post('/pin/', JSON.stringify(pin({ unique_id: `t${i}` }))));
      await waitFor(() => door.publisher.inFlight().events === 10, { what: 'ten events in flight' });
      const refused = await door.post('/pin/', JSON.stringify(pin({ unique_id: 'one-more' })));
      assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '1']);
      const several = await door.post('/topics/x.pin', '{"records":[{"value":{"unique_id":"one-more"}}]}');
      assert.deepEqual([several.status, several.headers.get('retry-after')], [503, '1']);
      proxy.release();
      for (const response of await Promise.all(taken)) assert.equal(response.status, 200);
      assert.deepEqual(door.publisher.inFlight(), { events: 0, bytes: 0 });
      const keys = (await readRecords(door.kafka, door.topics, door.names.topicOf('pin'))).map(({ key }) => key!.toString());
      assert.deepEqual(keys.sort(), Array.from({ length: 10 }, (_, i) => `t${i}`).sort());
    } finally {
      await door.close();
      await proxy.close();
    }
  });
});
