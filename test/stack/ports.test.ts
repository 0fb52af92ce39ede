import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { loadConfig } from '#adapters/config.ts';
import { portsFor } from '#stack/endpoints.ts';
import { findFreePorts } from '#stack/free-ports.ts';
import { choosePorts } from '#stack/ports.ts';
import { makeTestHome } from '#test/support/stack-home.ts';

const listener = createServer().listen(0, '127.0.0.1');
await once(listener, 'listening');
const takenPort = (listener.address() as { port: number }).port;
after(() => listener.close());

test('a taken port is one sentence: the port, what holds it, the setting to change', async () => {
  const environment = { PINFLOW_S3_PORT: String(takenPort) };
  const choose = choosePorts(makeTestHome(), new Set(['s3']), environment, loadConfig(environment), false);
  const holder = process.platform === 'linux' ? ` by process ${process.pid} \\(.*\\)` : '.*';
  await assert.rejects(
    choose,
    new RegExp(`^Failure: Port ${takenPort} for S3 is taken${holder}: end that, or choose another port with PINFLOW_S3_PORT=<port>\\.$`),
  );
});

test('a port of a server that is not ours to run is not looked at', async () => {
  const environment = { PINFLOW_S3_PORT: String(takenPort) };
  assert.equal((await choosePorts(makeTestHome(), new Set(), environment, loadConfig(environment), false)).s3, takenPort);
});

test('ports that a home chose stay chosen until others are set', async () => {
  const home = makeTestHome();
  const needed = portsFor(['kafka', 's3', 'postgres', 'temporal']);
  const [api, kafka, s3, postgres, temporal, ui] = (await findFreePorts(6)).map(String);
  const environment = {
    API_PORT: api,
    PINFLOW_KAFKA_PORT: kafka,
    PINFLOW_S3_PORT: s3,
    PINFLOW_POSTGRES_PORT: postgres,
    PINFLOW_TEMPORAL_PORT: temporal,
    PINFLOW_TEMPORAL_UI_PORT: ui,
  };
  const first = await choosePorts(home, needed, environment, loadConfig(environment), false);
  assert.deepEqual([first.api, first.kafka, first.temporalUi].map(String), [api, kafka, ui]);
  assert.deepEqual(await choosePorts(home, needed, {}, loadConfig({}), false), first);
});

test('free ports are all different, whatever is set', async () => {
  const environment = { PINFLOW_S3_PORT: String(takenPort) };
  const ports = await choosePorts(makeTestHome(), portsFor(['s3']), environment, loadConfig(environment), true);
  assert.equal(new Set([takenPort, ...Object.values(ports)]).size, Object.keys(ports).length + 1);
});
