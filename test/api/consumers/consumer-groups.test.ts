import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { startProxy } from '#test/adapters/kafka/stoppable-proxy.ts';
import type { Consumed } from '#test/api/consumers/consumer-client.ts';
import { earliest, idsOf, makeConsumerClient, readAll, restV2Json } from '#test/api/consumers/consumer-client.ts';
import { openDoor } from '#test/api/open-door.ts';
import { startApi } from '#test/api/start-api.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';

test('two instances of a group share the records: all of them, at least once', async () => {
  const door = await openDoor();
  const client = makeConsumerClient(door.url);
  try {
    const group = randomUUID();
    const readers = [await client.open(group, earliest, ['shared.pin'])];
    const seen = new Set<string>();
    const counts = [0, 0];
    let posted = 0;
    const readBoth = async (): Promise<void> => {
      const answers = await Promise.all(readers.map((reader) => reader.read('?timeout=200')));
      for (const [i, records] of answers.entries()) {
        counts[i]! += records.length;
        for (const id of idsOf(records)) seen.add(id);
      }
    };
    const postMore = (): Promise<void> =>
      client.post(
        'shared.pin',
        Array.from({ length: 20 }, () => `shared-${posted++}`),
      );
    await postMore();
    await waitFor(() => readBoth().then(() => seen.size === posted), { what: 'the first to read alone' });
    readers.push(await client.open(group, earliest, ['shared.pin']));
    // The group changes while records come, until each instance has a part of them.
    await waitFor(
      () =>
        postMore()
          .then(readBoth)
          .then(() => counts[1]! > 0),
      { what: 'the second to get its part' },
    );
    const [before] = counts;
    await waitFor(
      () =>
        postMore()
          .then(readBoth)
          .then(() => counts[0]! > before!),
      { what: 'the first to go on with its part' },
    );
    await waitFor(() => readBoth().then(() => seen.size === posted), { what: `all ${posted} records` });
    await Promise.all(readers.map((reader) => reader.remove()));
  } finally {
    await door.close();
  }
});

test('members of a group that read different topics lose nothing to each other', async () => {
  const door = await openDoor();
  try {
    const client = makeConsumerClient(door.url);
    const ids = Array.from({ length: 8 }, (_, i) => String(i));
    for (const source of ['mix', 's1', 's2']) await client.post(`${source}.pin`, ids);
    for (const kind of ['geo', 'user'])
      for (const ind of ids) assert.equal((await door.post(`/topics/mix.${kind}`, `{"records":[{"value":{"ind":${ind}}}]}`)).status, 200);
    for (const topics of [
      ['mix.pin', 'mix.geo', 'mix.user'],
      ['s1.pin', 's2.pin'],
    ]) {
      const group = randomUUID();
      const readers = await Promise.all(topics.map((topic) => client.open(group, earliest, [topic])));
      const seen = topics.map(() => new Set<string>());
      await waitFor(
        async () => {
          for (const [i, reader] of readers.entries()) for (const { key } of await reader.read('?timeout=200')) seen[i]!.add(key);
          return seen.every(({ size }) => size === ids.length);
        },
        { what: `all of ${topics.join(', ')}` },
      );
      await Promise.all(readers.map((reader) => reader.remove()));
    }
  } finally {
    await door.close();
  }
});

test('who comes to a group later, for another topic, reads it from its start', async () => {
  const door = await openDoor();
  try {
    const client = makeConsumerClient(door.url);
    const group = randomUUID();
    const ids = ['a', 'b', 'c', 'd'];
    for (const topic of ['s1.pin', 's2.pin']) await client.post(topic, ids);
    for (const topic of ['s1.pin', 's2.pin']) {
      const reader = await client.open(group, earliest, [topic]);
      assert.deepEqual(idsOf(await readAll(reader, ids.length)).sort(), ids);
      await reader.remove();
    }
  } finally {
    await door.close();
  }
});

test('the order and spelling of names do not part a group', async () => {
  const door = await openDoor();
  try {
    const client = makeConsumerClient(door.url);
    const group = randomUUID();
    await client.post('same.pin', ['a', 'b']);
    const first = await client.open(group, earliest, ['same.pin', 'same.geo']);
    await readAll(first, 2);
    await first.remove();
    const second = await client.open(group, earliest, ['same-geo', 'same.pins']);
    await client.post('same.pin', ['c']);
    assert.deepEqual(idsOf(await readAll(second, 1)), ['c']);
    await second.remove();
  } finally {
    await door.close();
  }
});

test('latest holds where the group changes before anything was read', async () => {
  const door = await openDoor();
  try {
    const client = makeConsumerClient(door.url);
    const group = randomUUID();
    const settings = { format: 'json', 'auto.commit.enable': 'false' };
    const readers = [await client.open(group, settings, ['new.pin'])];
    const ids = Array.from({ length: 40 }, (_, i) => `new-${i}`);
    // Once it reads, it is a member; then something is there that it has not given out.
    await readers[0]!.read();
    await client.post('new.pin', ids);
    readers.push(await client.open(group, settings, ['new.pin']));
    const seen = new Set<string>();
    // Not before the group has changed may the first give out what it holds.
    await waitFor(
      async () => {
        for (const id of idsOf(await readers[1]!.read())) seen.add(id);
        return seen.size > 0;
      },
      { what: 'the second to get its part' },
    );
    await waitFor(
      async () => {
        for (const records of await Promise.all(readers.map((reader) => reader.read('?timeout=300'))))
          for (const id of idsOf(records)) seen.add(id);
        return seen.size === ids.length;
      },
      { what: 'all that came after the subscription' },
    );
    await Promise.all(readers.map((reader) => reader.remove()));
  } finally {
    await door.close();
  }
});

test('an instance that nobody uses ends, and its group has its records again', async () => {
  const door = await openDoor({}, undefined, 1_000);
  try {
    const client = makeConsumerClient(door.url);
    await door.post('/topics/idle.pin', '{"records":[{"value":{"unique_id":"i"}}]}');
    const settings = { name: 'c', format: 'json', 'auto.offset.reset': 'earliest' };
    const first = await client.open('idle', settings, ['idle.pin']);
    await waitFor(async () => (await first.read()).length === 1, { what: 'the record' });
    await waitFor(
      async () => {
        const { body } = await client.ask('POST', '/consumers/idle', settings);
        return body.error_code === undefined;
      },
      { what: 'the name to be free' },
    );
    await client.ask('POST', `${first.uri}/subscription`, { topics: ['idle.pin'] });
    await waitFor(async () => (await first.read()).length === 1, { what: 'the record again' });
  } finally {
    await door.close();
  }
});

test('where several processes share the port, consumers are refused with the setting to change', async () => {
  const door = await openDoor({ apiProcesses: 2 });
  try {
    const { status, body } = await makeConsumerClient(door.url).ask('POST', '/consumers/g', {});
    assert.deepEqual([status, body.error_code], [501, 50101]);
    assert.match(body.message!, /API_PROCESSES/);
  } finally {
    await door.close();
  }
});

test('while the log is away reading is 503, and afterwards nothing is missing', async () => {
  const proxy = await startProxy((await testConfig()).kafkaBrokers[0]!);
  const door = await openDoor({}, proxy);
  try {
    const client = makeConsumerClient(door.url);
    const post = async (id: string): Promise<boolean> =>
      (await door.post('/topics/away.pin', `{"records":[{"value":{"unique_id":"${id}"}}]}`)).status === 200;
    const ids = new Set<string>();
    const settings = { name: 'c', format: 'json', 'auto.offset.reset': 'earliest', 'auto.commit.enable': 'false' };
    const reader = await client.open('away', settings, ['away.pin']);
    const read = async (): Promise<number> => {
      const { status, body } = await client.ask('GET', `${reader.uri}/records?timeout=300`, undefined, { Accept: restV2Json });
      if (status === 200) for (const { value } of body as unknown as Consumed[]) ids.add(value.unique_id);
      else assert.deepEqual([status, body.error_code], [503, 50301], body.message);
      return status;
    };
    await post('before');
    await waitFor(() => read().then(() => ids.has('before')), { what: 'the first record' });
    await proxy.goDown();
    await waitFor(async () => (await read()) === 503, { what: 'reading to fail' });
    await proxy.comeBack();
    await waitFor(() => post('after'), { what: 'the door to take events again' });
    await waitFor(() => read().then(() => ids.has('after')), { what: 'the record behind the outage' });
  } finally {
    await door.close();
    await proxy.close();
  }
});

test('a reader that waits is answered when the process stops', async () => {
  const api = startApi(await testConfig());
  await api.waitForLine('api ready');
  const client = makeConsumerClient(api.url);
  const reader = await client.open('stops', { format: 'json' }, ['stops.pin']);
  assert.deepEqual(await reader.read(), []);
  const waiting = reader.read('?timeout=30000');
  // One behind it on the same instance is surely queued when the first has been begun.
  const begun = await client.ask('GET', `${reader.uri}/subscription`);
  assert.equal(begun.status, 200);
  api.child.kill('SIGTERM');
  assert.deepEqual(await waiting, []);
  const { code, tookMs } = await api.exited;
  assert.equal(code, 0);
  assert.ok(tookMs < 30_000);
});
