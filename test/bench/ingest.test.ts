import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { callerEnvironment } from '#adapters/config.ts';
import type { ConstantRate } from '#bench/ingest/constant-rate.ts';
import { runConstantRate } from '#bench/ingest/constant-rate.ts';
import { pinAim } from '#bench/ingest/load.ts';
import { peers } from '#bench/ingest/peers.ts';
import { makePins } from '#bench/ingest/pins.ts';
import type { OpenPeer, Rig } from '#bench/ingest/rig.ts';
import { makeRig } from '#bench/ingest/rig.ts';
import type { Run } from '#bench/ingest/run.ts';
import { measureRun } from '#bench/ingest/run.ts';
import { hasProc } from '#bench/measure/processes.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';
import { makeTestHome } from '#test/support/stack-home.ts';

/** No speed is asserted here, only that the benchmark counts and that it can fail. */
const load: ConstantRate = { rate: 400, seconds: 0.25, warmUpSeconds: 0, connections: 8 };
const requests = 100;

let rig: Rig;
let open: OpenPeer;

before(async () => {
  const config = await testConfig();
  const stop = new AbortController();
  rig = await makeRig({ home: makeTestHome(), environment: callerEnvironment(), config, signal: stop.signal });
  open = await rig.open(peerNamed('node-http'));
});

after(async () => {
  await open?.close();
  await rig?.close();
});

function peerNamed(name: string) {
  return peers.find((peer) => peer.name === name)!;
}

/** A run against `target`, with its requests sent to `url`. */
function runAgainst(target: OpenPeer, url = target.url): Promise<Run> {
  return measureRun({ rig, target, eventsPerRequest: 1, load: () => runConstantRate({ url, ...pinAim }, rig.pins, load) });
}

function assertHonest(run: Run): void {
  assert.deepEqual(run.problems, []);
  assert.deepEqual([run.answered, run.stored], [requests, requests]);
  assert.ok(run.p50Ms > 0 && run.p50Ms <= run.p99Ms && run.p99Ms <= run.maxMs);
  if (hasProc()) assert.ok(run.usage.serverCpuS! > 0 && run.usage.serverRssBytes! > 1e7 && run.serverCpuPerMillion! > 0);
}

/** Runs with an impostor between the generator and the peer. */
async function runThrough(listener: RequestListener): Promise<Run> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await runAgainst(open, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('a peer whose answers are all in the log has no problems', async () => {
  assertHonest(await runAgainst(open));
});

test('the API is measured as the process that ships, and its own count is compared too', async () => {
  const api = await rig.open(peerNamed('pinflow'));
  try {
    assertHonest(await runAgainst(api));
    assert.equal(await api.countAcked?.(), requests);
    const boastful = { ...api, countAcked: async () => (await api.countAcked!()) * 2 };
    assert.match((await runAgainst(boastful)).problems.join(), /server counted 200 acked events, but the log holds 100/);
  } finally {
    await api.close();
  }
});

test('a server that answers 200 without publishing is found out', async () => {
  const run = await runThrough((req, res) => req.resume().on('end', () => res.setHeader('Content-Length', 0).end()));
  assert.deepEqual(run.problems, ['100 events were answered with 2xx, but the log holds 0 of them.']);
});

test('a server that publishes twice is found out', async () => {
  const run = await runThrough((req, res) => {
    void (async () => {
      const body = (await req.toArray()).join('');
      const post = { method: 'POST', body, headers: { 'Content-Type': 'application/json' } };
      await fetch(`${open.url}/pin/`, post);
      await fetch(`${open.url}/pin/`, post);
      res.setHeader('Content-Length', 0).end();
    })();
  });
  assert.match(run.problems.join(), /at most 0 were on their way\), but the log holds 200/);
});

test('answers that are no 2xx and connections that end are found out', async () => {
  const refusing = await runThrough((req, res) => req.resume().on('end', () => res.writeHead(503, { 'Content-Length': 0 }).end()));
  assert.deepEqual(refusing.problems, [
    '100 requests were answered with another status than 2xx.',
    'Not one request was answered with 2xx.',
  ]);
  let heard = 0;
  const leaving = await runThrough((req, res) =>
    req.resume().on('end', () => (++heard === 1 ? res.destroy() : res.writeHead(503, { 'Content-Length': 0 }).end())),
  );
  assert.ok(leaving.problems.includes('1 requests got no answer.'), leaving.problems.join());
});

test('at a constant rate a stall shows in every request that it delayed', async () => {
  let stall: Promise<unknown> | undefined;
  const server = createServer((req, res) => {
    req.resume().on('end', () => {
      const until = performance.now() + 200;
      stall ??= waitFor(() => performance.now() > until, { what: 'the end of the stall' });
      void stall.then(() => res.setHeader('Content-Length', 0).end());
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { answered, p50Ms } = await runConstantRate({ url, ...pinAim }, rig.pins, {
      rate: 500,
      seconds: 0.25,
      warmUpSeconds: 0,
      connections: 1,
    });
    assert.equal(answered, 125);
    // The one connection waited 200 ms for its first answer, and the request in the middle was due at 125 ms. A closed loop
    // would call 124 of the 125 quick.
    assert.ok(p50Ms > 70, `p50 is ${p50Ms} ms`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('pins are like those of the first clients: ASCII, about 815 bytes, many identities', () => {
  const pins = makePins(2_000);
  const bytes = pins.reduce((sum, pin) => sum + Buffer.byteLength(pin), 0) / pins.length;
  assert.ok(bytes > 800 && bytes < 830, `${bytes} bytes`);
  assert.ok(pins.every((pin) => /^[\x20-\x7e]+$/.test(pin)));
  assert.equal(new Set(pins.map((pin) => (JSON.parse(pin) as { unique_id: string }).unique_id)).size, pins.length);
  assert.deepEqual(makePins(10), pins.slice(0, 10));
});
