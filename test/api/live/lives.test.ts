import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Offsets } from '#domain/answers/offsets.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import type { OpenDoor } from '#test/api/open-door.ts';
import { openDoor } from '#test/api/open-door.ts';
import { databaseAfterSetup } from '#test/support/database-after-setup.ts';
import { testConfig } from '#test/support/servers.ts';

let door: OpenDoor;
before(async () => {
  // The metrics' tables are the set-up's, not a migration's.
  const { postgresUrl } = await testConfig({}, databaseAfterSetup);
  door = await openDoor({ postgresUrl });
});
after(() => door.close());

/** The data of an answer's events. */
const eventsOf = (text: string): Offsets[] => [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as Offsets);
const recordsOf = ({ partitions }: Offsets): number => partitions.reduce((sum, { logEnd }) => sum + logEnd, 0);

test('each event is the whole answer as it is then; the stream ends where it is asked to', async () => {
  const answer = await fetch(`${door.url}/api/offsets/live?limit=2`);
  assert.equal(answer.headers.get('content-type'), 'text/event-stream');
  assert.equal((await door.post('/pin/', JSON.stringify(pin({ unique_id: 'live' })))).status, 200);
  const text = await answer.text();
  assert.match(text, /^retry: \d+$/m);
  const [first, second] = eventsOf(text);
  assert.ok(recordsOf(second!) >= recordsOf(first!));
  const now = (await (await fetch(`${door.url}/api/offsets`)).json()) as Offsets;
  assert.equal(recordsOf(now), 1);
  assert.equal(now.partitions.length, door.config.topicPartitions * door.names.topics.length);
});

test('several who watch share one look', async () => {
  const texts = await Promise.all(Array.from({ length: 4 }, async () => (await fetch(`${door.url}/api/offsets/live?limit=1`)).text()));
  assert.equal(new Set(texts.map((text) => eventsOf(text)[0]!.at)).size, 1);
});

test('a limit that is none is refused, and HEAD gets no events', async () => {
  const refused = await fetch(`${door.url}/api/offsets/live?limit=many`);
  assert.equal(refused.status, 422);
  const head = await fetch(`${door.url}/api/offsets/live`, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), '');
});

test('a metric that is not there is refused, and one with rows of time is asked by time', async () => {
  assert.equal((await fetch(`${door.url}/api/metrics/nothing/live`)).status, 404);
  const { metrics } = (await (await fetch(`${door.url}/api/metrics`)).json()) as { metrics: { name: string; picture: { form: string } }[] };
  for (const { name, picture } of metrics) {
    const timed = await fetch(`${door.url}/api/metrics/${name}?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z`);
    assert.equal(timed.status, picture.form === 'lines' ? 200 : 422, name);
  }
});
