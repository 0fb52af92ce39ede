import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { StoppableProxy } from '#test/adapters/kafka/stoppable-proxy.ts';
import { startProxy } from '#test/adapters/kafka/stoppable-proxy.ts';
import type { OpenDoor } from '#test/api/open-door.ts';
import { openDoor } from '#test/api/open-door.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import { readRecords } from '#test/api/read-records.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';

/** Whoever was told 504 may send something newer; what he was told 504 of must not come to stand behind that. */
let proxy: StoppableProxy;
let door: OpenDoor;
before(async () => {
  proxy = await startProxy((await testConfig()).kafkaBrokers[0]!);
  door = await openDoor({ ingestStallMs: 400, ingestDeadlineMs: 800 }, proxy);
});
after(async () => {
  await door.close();
  await proxy.close();
});

async function post(id: string, title: string): Promise<number> {
  const response = await door.post('/pin/', JSON.stringify(pin({ unique_id: id, title })));
  await response.arrayBuffer();
  return response.status;
}

test('an event that was answered with 504 never lands behind a newer one, however late its request arrives', async () => {
  await waitFor(async () => (await post('same', 'oldest')) === 200, { what: 'the door to take events' });
  for (const [older, newer] of [
    ['old 1', 'new 1'],
    ['old 2', 'new 2'],
  ] as const) {
    const delayed = proxy.delayOpen();
    assert.equal(await post('same', older), 504);
    await waitFor(() => delayed.held().senders === 0, { what: 'the old connections to be given up' });
    assert.ok(delayed.held().requests > 0);
    await waitFor(async () => (await post('same', newer)) === 200, { what: 'a newer event to be acked' });
    await delayed.arrive();
  }
  const titles = (await readRecords(door.kafka, door.topics, door.names.topicOf('pin')))
    .filter(({ key }) => String(key) === 'same')
    .map(({ value }) => (JSON.parse(String(value)) as { title: string }).title);
  // The broker had the old requests before it and could take them; where it did, it must have been before the newer.
  for (const round of [1, 2]) {
    const older = titles.lastIndexOf(`old ${round}`);
    assert.ok(older < titles.indexOf(`new ${round}`), `old ${round} stands behind new ${round}: ${titles.join(', ')}`);
  }
  assert.equal(titles[0], 'oldest');
});
