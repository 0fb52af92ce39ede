import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import kafkajs from 'kafkajs';
import { insertRejects } from '#activities/stream/outcome-rows.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { RecordLine, RefusalLine, RejectLine, TailLine } from '#domain/answers/tail-lines.ts';
import { openDoorOnTables } from '#test/api/open-door.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import { startApi } from '#test/api/start-api.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';

/** Follows a tail and collects its lines until it is ended. */
async function follow(url: string) {
  const ending = new AbortController();
  const response = await fetch(url, { signal: ending.signal });
  assert.equal(response.status, 200, url);
  const lines: TailLine[] = [];
  let blanks = 0;
  const ended = (async () => {
    let rest = '';
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split('\n');
      rest = parts.pop()!;
      for (const part of parts) {
        if (part === '') blanks++;
        else lines.push(JSON.parse(part) as TailLine);
      }
    }
  })().catch((error: unknown) => {
    if (!ending.signal.aborted) throw error;
  });
  return {
    response,
    lines,
    ended,
    blanks: () => blanks,
    until: (count: number): Promise<unknown> => waitFor(() => lines.length >= count, { what: `${count} lines` }),
    stop: async (): Promise<void> => {
      ending.abort();
      await ended;
    },
  };
}

describe('GET /api/tail', () => {
  let door: Awaited<ReturnType<typeof openDoorOnTables>>;
  let postgres: Postgres;
  before(async () => {
    door = await openDoorOnTables();
    ({ postgres } = door);
  });
  after(() => door.close());
  const tail = (query = ''): ReturnType<typeof follow> => follow(`${door.url}/api/tail${query}`);

  test('shows what arrives after it was asked for, with who sent it and the value as it came', async () => {
    await door.post('/pin/', JSON.stringify(pin({ unique_id: 'before' })));
    const { response, lines, until, blanks, stop } = await tail();
    assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    const body = '{"unique_id":"p1","big":12345678901234567890}';
    const receipt = await door.post('/topics/some-emulator.pin', `{"records":[{"value":${body}}]}`);
    const { offsets } = (await receipt.json()) as { offsets: { partition: number; offset: number }[] };
    await until(1);
    const line = lines[0] as RecordLine;
    assert.deepEqual(
      [line.type, line.kind, line.key, line.source, line.keyId, line.partition, line.offset],
      ['record', 'pin', 'p1', 'some-emulator', null, offsets[0]!.partition, offsets[0]!.offset],
    );
    assert.equal((line.value as { unique_id: string }).unique_id, 'p1');
    assert.match(receipt.headers.get('pinflow-receipt')!, new RegExp(line.eventId!));
    await waitFor(() => blanks() > 0, { what: 'a sign of life' });
    await stop();
  });

  test('of one kind shows that kind, from a time on, and ends after its limit', async () => {
    await door.post('/topics/x.geo', '{"records":[{"value":{"ind":1}},{"value":{"ind":2}}]}');
    await door.post('/topics/x.user', '{"records":[{"value":{"ind":3}}]}');
    const { lines, ended } = await tail('?kind=geo&since=1h&limit=2');
    await ended;
    assert.deepEqual(new Set(lines.map((line) => (line as RecordLine).key)), new Set(['1', '2']));
    const all = await tail('?since=1h&limit=5');
    await all.ended;
    assert.deepEqual(new Set(all.lines.map((line) => (line as RecordLine).kind)), new Set(['pin', 'geo', 'user']));
  });

  test('shows records that are no JSON as bytes, and keeps every line a line', async () => {
    const producer = door.kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    const values = ['{"a":\n1}', 'no json\n', '[1]', null, Buffer.from([0xff, 0x0a])];
    const { lines, until, stop } = await tail('?kind=user');
    await producer.send({
      topic: door.names.topicOf('user'),
      acks: -1,
      messages: values.map((value) => ({ partition: 0, key: null, value })),
    });
    await until(values.length);
    assert.deepEqual(
      lines.map((line) => (line as RecordLine).value ?? (line as RecordLine).valueBase64 ?? null),
      [{ a: 1 }, Buffer.from('no json\n').toString('base64'), Buffer.from('[1]').toString('base64'), null, '/wo='],
    );
    await stop();
    await producer.disconnect();
  });

  test('of what was refused shows the door with its counts, and the stream with who sent the record', async () => {
    await door.post('/pin/', 'earlier');
    await door.refusals.flush();
    const { lines, until, stop } = await tail('?rejected=true');
    for (let i = 0; i < 3; i++) await door.post('/topics/garbage.geo', '{"records":[{"value":{}}]}');
    await door.post('/pin/', '{');
    await door.refusals.flush();
    const record = {
      topic: door.names.topicOf('geo'),
      partition: 1,
      offset: 41,
      appendTimeMs: Date.now(),
      key: null,
      value: Buffer.from('[]'),
      headers: [
        ['source', Buffer.from('elsewhere')],
        ['key-id', Buffer.from('k7')],
      ] as [string, Buffer][],
    };
    await insertRejects(postgres, 'geo', [record], [{ offset: 41, reason: 'not_an_object' }] as never);
    await until(3);
    await stop();
    const refusals = lines.filter(({ type }) => type === 'refusal') as RefusalLine[];
    assert.deepEqual(
      new Set(refusals.map(({ route, status, reason, source, count }) => [route, status, reason, source, count].join(' '))),
      new Set(['pin 422 malformed_json api 1', 'topics 422 missing_key garbage 3']),
    );
    assert.match(refusals[0]!.client, /127\.0\.0\.1/);
    const reject = lines.find(({ type }) => type === 'reject') as RejectLine;
    assert.deepEqual(
      [reject.kind, reject.partition, reject.offset, reject.reason, reject.source, reject.keyId],
      ['geo', 1, 41, 'not_an_object', 'elsewhere', 'k7'],
    );
    const since = await tail('?rejected=true&kind=geo&since=1h');
    const sum = (): number => since.lines.reduce((total, line) => total + (line.type === 'refusal' ? line.count : 0), 0);
    await waitFor(() => sum() === 3 && since.lines.some(({ type }) => type === 'reject'), {
      what: 'all that was refused in the last hour',
    });
    await since.stop();
    assert.ok(since.lines.every((line) => line.type === 'note' || ('kind' in line && line.kind === 'geo')));
  });

  test('accounts for who sends garbage at /api/refusals, newest first', async () => {
    const { refusals } = (await (await fetch(`${door.url}/api/refusals?since=5m`)).json()) as {
      refusals: { stage: string; source: string; keyId: string; reason: string; count: number }[];
    };
    assert.deepEqual(
      new Set(refusals.map(({ stage, source, keyId, reason, count }) => [stage, source, keyId, reason, count].join(' '))),
      new Set(['door api  malformed_json 2', 'door garbage  missing_key 3', 'stream elsewhere k7 not_an_object 1']),
    );
    assert.equal(refusals[0]!.stage, 'stream');
    const ofPins = (await (await fetch(`${door.url}/api/refusals?since=5m&kind=pin`)).json()) as { refusals: { reason: string }[] };
    assert.deepEqual(
      ofPins.refusals.map(({ reason }) => reason),
      ['malformed_json'],
    );
    assert.equal((await fetch(`${door.url}/api/refusals?kind=pins`)).status, 422);
  });

  const mistakes = ['kind=pins', 'kind=pin&kind=geo', 'rejected=yes', 'limit=0', 'limit=1e3', 'since=yesterday', 'since=5'];
  for (const query of mistakes) {
    test(`refuses ${query} in one sentence`, async () => {
      const response = await fetch(`${door.url}/api/tail?${query}`);
      assert.equal(response.status, 422);
      assert.match(((await response.json()) as { detail: string }).detail, / must be /);
    });
  }

  test('is bounded in number; one that ends makes room', async () => {
    const open = await Promise.all(Array.from({ length: 8 }, () => tail('?rejected=true')));
    const refused = await fetch(`${door.url}/api/tail`);
    assert.equal(refused.status, 503);
    assert.match(await refused.text(), /8 tails are open/);
    await open[0]!.stop();
    await waitFor(async () => (await tail('?rejected=true')).stop().then(() => true), { what: 'room for another' });
    for (const one of open) await one.stop();
  });

  test('tells a reader that is too slow how many it missed, and is in nobody’s way', async () => {
    const { hostname, port } = new URL(door.url);
    const socket: Socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write('GET /api/tail?kind=pin HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    socket.pause();
    const value = { value: { unique_id: 'big', title: 'x'.repeat(60_000) } };
    const body = JSON.stringify({ records: Array.from({ length: 14 }, () => value) });
    // The kernel's buffers take some megabytes before the reader is seen to be slow.
    for (let i = 0; i < 30; i++) assert.equal((await door.post('/topics/x.pin', body)).status, 200);
    const watched = await tail('?kind=pin');
    await door.post('/topics/last.pin', '{"records":[{"value":{"unique_id":"last"}}]}');
    await watched.until(1);
    await watched.stop();
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.resume();
    const [, count] = (await waitFor(() => /{"type":"skipped","count":(\d+)}/.exec(text), { what: 'word of what was missed' })) as string[];
    assert.ok(Number(count) > 0 && Number(count) <= 421, count);
    socket.destroy();
  });
});

test('an API that stops ends its tails, does not wait for them, and writes the last lines of its access log', async () => {
  const config = await testConfig();
  const api = startApi(config);
  await api.waitForLine('api ready');
  const watching = await follow(`${api.url}/api/tail`);
  await fetch(`${api.url}/nowhere?secret=hush`, { headers: { 'X-Request-Id': 'the-last' } });
  api.child.kill('SIGTERM');
  await watching.ended;
  assert.deepEqual(watching.lines, [{ type: 'note', message: 'The API stops.' }]);
  const { code } = await api.exited;
  assert.equal(code, 0);
  const requests = api.lines.filter(({ msg }) => msg === 'request') as unknown as { requestId: string; status: number; path: string }[];
  const last = requests.find(({ requestId }) => requestId === 'the-last');
  assert.deepEqual([last?.status, last?.path], [404, '/nowhere?secret']);
});
