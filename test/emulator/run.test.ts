import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { makeSyntheticRows } from '#emulator/synthetic/rows.ts';
import type { EmulatorOptions, Posted } from '#emulator/run.ts';
import { runEmulator } from '#emulator/run.ts';
import type { Source } from '#emulator/source.ts';

/**
 * What the emulator does when the other side misbehaves. The other side is an HTTP server of the test's own, because a
 * real door cannot be told to answer 503 twice; the real one is posted to in against-api.test.ts.
 */
type Received = { url: string; contentType: string | undefined; body: string };
type Answering = (count: number, res: ServerResponse, req: IncomingMessage) => void;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function listen(answer: Answering, port = 0): Promise<{ url: string; port: number; received: Received[]; close(): Promise<void> }> {
  const received: Received[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        received.push({ url: req.url ?? '', contentType: req.headers['content-type'], body: Buffer.concat(chunks).toString() });
        answer(received.length, res, req);
      });
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  };
  closers.push(close);
  const bound = (server.address() as AddressInfo).port;
  return { url: `http://127.0.0.1:${bound}`, port: bound, received, close };
}

const accept: Answering = (_count, res) => res.end('{}');

/** The first rows of the synthetic tables, from memory. */
const { pin: pins, geo, user: users } = makeSyntheticRows(1, 50);
const source: Source = {
  rowCount: 50,
  fetch: async (rows) => rows.map((row) => ({ ind: row, pin: pins[row], geo: geo[row], user: users[row] })),
};

async function emulate(target: string, options: Partial<EmulatorOptions> = {}) {
  const posted: Posted[] = [];
  const troubles: string[] = [];
  const report = { posted: (one: Posted) => void posted.push(one), trouble: (line: string) => void troubles.push(line) };
  const summary = await runEmulator({
    source,
    target,
    shape: 'pin',
    seed: 5,
    start: 0,
    rate: 10_000,
    concurrency: 1,
    signal: new AbortController().signal,
    report,
    ...options,
  });
  return { summary, posted, troubles };
}

describe('shapes', () => {
  test('pin posts the twelve fields in the order of the course to /pin/', async () => {
    const door = await listen(accept);
    await emulate(`${door.url}/`, { count: 1 });
    assert.equal(door.received[0]?.url, '/pin/');
    assert.equal(door.received[0]?.contentType, 'application/json');
    assert.deepEqual(Object.keys(JSON.parse(door.received[0]?.body ?? '') as object), [
      'index',
      'unique_id',
      'title',
      'description',
      'poster_name',
      'follower_count',
      'tag_list',
      'is_image_or_video',
      'image_src',
      'downloaded',
      'save_location',
      'category',
    ]);
  });

  test('a key goes with every request, where there is one', async () => {
    const shown: (string | undefined)[] = [];
    const door = await listen((_count, res, req) => {
      shown.push(req.headers.authorization);
      res.end('{}');
    });
    await emulate(door.url, { count: 1, apiKey: 'pfk_x' });
    await emulate(door.url, { count: 1 });
    assert.deepEqual(shown, ['Bearer pfk_x', undefined]);
  });

  test('topics posts one record of each kind, all of one row number', async () => {
    const door = await listen((_count, res) => res.end('{"offsets":[{"partition":0,"offset":1,"error_code":null,"error":null}]}'));
    const { summary } = await emulate(door.url, { count: 1, shape: 'topics' });
    assert.deepEqual(
      door.received.map(({ url }) => url.replace(/[0-9a-f]{12}/, '<id>')),
      ['/topics/<id>.pin', '/topics/<id>.geo', '/topics/<id>.user'],
    );
    assert.deepEqual(new Set(door.received.map(({ contentType }) => contentType)), new Set(['application/vnd.kafka.json.v2+json']));
    const values = door.received.map(
      ({ body }) => (JSON.parse(body) as { records: { value: Record<string, unknown> }[] }).records[0]?.value,
    );
    assert.equal(new Set(values.map((value) => value?.['ind'] ?? value?.['index'])).size, 1);
    assert.deepEqual({ ...summary, seconds: 0 }, { events: 1, requests: 3, acked: 3, refused: 0, retried: 0, seconds: 0 });
  });
});

describe('sequences', () => {
  test('the same seed posts the same bodies in the same order, another seed others', async () => {
    const bodies = async (seed: number): Promise<string[]> => {
      const door = await listen(accept);
      await emulate(door.url, { seed, count: 40 });
      return door.received.map(({ body }) => body);
    };
    const first = await bodies(5);
    assert.equal(first.length, 40);
    assert.deepEqual(await bodies(5), first);
    assert.notDeepEqual(await bodies(6), first);
  });

  test('--start goes on where a shorter run ended, and several lanes post the same events', async () => {
    const rows = async (options: Partial<EmulatorOptions>): Promise<number[]> => {
      const door = await listen(accept);
      const { posted } = await emulate(door.url, options);
      return posted.toSorted((a, b) => a.number - b.number).map(({ event }) => event.ind);
    };
    const whole = await rows({ count: 30 });
    assert.deepEqual(await rows({ start: 10, count: 20 }), whole.slice(10));
    assert.deepEqual(await rows({ count: 30, concurrency: 8 }), whole);
  });

  test('a rate is kept: 40 events at 200 a second take 0.2 s, not less', async () => {
    const door = await listen(accept);
    const { summary } = await emulate(door.url, { count: 40, rate: 200 });
    assert.ok(summary.seconds >= 0.19 && summary.seconds < 2, String(summary.seconds));
  });
});

describe('troubles', () => {
  for (const status of [500, 502, 503, 504, 429, 408]) {
    test(`${status} is tried again until the event is acked, and told in two lines`, async () => {
      const door = await listen((count, res) => {
        res.statusCode = count <= 2 ? status : 200;
        res.end('{}');
      });
      const { summary, troubles } = await emulate(door.url, { count: 1 });
      assert.deepEqual({ ...summary, seconds: 0 }, { events: 1, requests: 1, acked: 1, refused: 0, retried: 2, seconds: 0 });
      assert.equal(troubles.length, 2);
      assert.match(troubles[0]!, new RegExp(`answered ${status}`));
      assert.match(troubles[1]!, /works again after/);
      assert.equal(new Set(door.received.map(({ body }) => body)).size, 1);
    });
  }

  test('Retry-After is obeyed', async () => {
    const times: number[] = [];
    const door = await listen((count, res) => {
      times.push(performance.now());
      res.writeHead(count === 1 ? 503 : 200, { 'retry-after': '1' }).end('{}');
    });
    await emulate(door.url, { count: 1 });
    assert.ok(times[1]! - times[0]! >= 990, String(times[1]! - times[0]!));
  });

  test('a connection that breaks, and then a door that is not there at all, cost no event', async () => {
    const first = await listen((count, res, req) => {
      if (count < 3) res.end('{}');
      else req.socket.destroy();
    });
    const running = emulate(first.url, { count: 10 });
    while (first.received.length < 3) await new Promise(setImmediate);
    await first.close();
    const second = await listen(accept, first.port);
    const { summary, posted } = await running;
    assert.equal(summary.acked, 10);
    assert.ok(summary.retried >= 1);
    const acked = [...first.received.slice(0, 2), ...second.received].map(({ body }) => (JSON.parse(body) as { index: number }).index);
    assert.deepEqual(
      acked,
      posted.map(({ event }) => event.ind),
    );
  });

  for (const status of [400, 404, 413, 422]) {
    test(`${status} is counted, shown and not tried again`, async () => {
      const door = await listen((count, res) => {
        res.statusCode = count === 1 ? status : 200;
        res.end('{"detail":"no"}');
      });
      const { summary, posted } = await emulate(door.url, { count: 2 });
      assert.deepEqual({ ...summary, seconds: 0 }, { events: 2, requests: 2, acked: 1, refused: 1, retried: 0, seconds: 0 });
      assert.deepEqual(posted[0]?.answers, [{ kind: 'pin', status, acked: false, reason: '{"detail":"no"}' }]);
    });
  }

  test('a REST proxy that answers 200 for a record it did not take is not believed', async () => {
    const door = await listen((_count, res) =>
      res.end('{"offsets":[{"partition":null,"offset":null,"error_code":1,"error":"not authorized"}]}'),
    );
    const { summary, posted } = await emulate(door.url, { count: 1, shape: 'topics' });
    assert.equal(summary.refused, 3);
    assert.match(posted[0]?.answers[0]?.reason ?? '', /not authorized/);
  });

  test('an outage of the door ends with the signal, not with the outage', async () => {
    const door = await listen((_count, res) => res.writeHead(503).end());
    const stopping = new AbortController();
    const running = emulate(door.url, { count: 100, concurrency: 4, signal: stopping.signal });
    while (door.received.length < 4) await new Promise(setImmediate);
    const askedAtMs = performance.now();
    stopping.abort();
    const { summary } = await running;
    assert.ok(performance.now() - askedAtMs < 500);
    assert.equal(summary.acked, 0);
  });

  test('a fault of the source ends the run with its error', async () => {
    const door = await listen(accept);
    const broken: Source = { rowCount: 50, fetch: () => Promise.reject(new Error('no such table')) };
    await assert.rejects(emulate(door.url, { count: 5, concurrency: 3, source: broken }), /no such table/);
  });
});
