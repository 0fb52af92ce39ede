import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLockedDoor } from '#test/api/access/locked-door.ts';
import { waitFor } from '#test/support/servers.ts';

test('with keys, /readyz names topics to who may read, and says no names to strangers', async () => {
  const door = await openLockedDoor();
  const reader = await door.makeKey({ scopes: ['read'] });
  const sender = await door.makeKey({ scopes: ['append:pin'] });
  const [topic] = door.names.topics;
  const admin = door.kafka.admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [topic!] });
  await admin.disconnect();
  const ask = async (key: string): Promise<string> => (await door.ask(key, '/readyz')).text();
  await waitFor(async () => (await ask(reader.key)).includes(`topic ${topic} is not there`), { what: 'the topic to be gone' });
  for (const key of ['nobody', sender.key])
    assert.equal(await ask(key), '{"status":"not ready","reasons":["1 topics are not there or have no leader"]}');
  assert.equal((await fetch(`${door.url}/readyz`)).status, 503);
  await door.close();
});
