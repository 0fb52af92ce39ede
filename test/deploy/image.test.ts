import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import type { Config } from '#adapters/config.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import { environmentOf } from '#test/api/start-api.ts';
import { imageEnvironment, layImage, stages } from '#test/support/image.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';
import { makeTestFolder } from '#test/support/stack-home.ts';
import { textOf } from '#test/tidy/tracked-files.ts';

/** The processes of docker-compose.yml, from a folder that holds what the image holds and nothing more. */
const folder = makeTestFolder();
const commands = {
  setup: 'node workers/setup.ts',
  worker: 'node workers/main.ts',
  api: 'node api/main.ts',
  emulator: 'node emulator/main.ts',
};
const children: ChildProcess[] = [];
let config: Config;
let environment: NodeJS.ProcessEnv;

before(async () => {
  layImage(folder);
  config = await testConfig();
  environment = { ...imageEnvironment(folder, environmentOf(config)), EMULATOR_RATE: '50' };
});

after(() => {
  for (const child of children) child.kill('SIGKILL');
});

type Process = { said(): string; ended: Promise<{ code: number | null; stdout: string; said: string }>; stop(): Promise<number | null> };

function start(command: string, ...more: string[]): Process {
  const [program = '', ...args] = command.split(' ');
  const child = spawn(program, [...args, ...more], { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let stdout = '';
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    said += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, said }));
  return {
    said: () => said,
    ended,
    async stop() {
      child.kill('SIGTERM');
      return (await ended).code;
    },
  };
}

async function run(...command: string[]): Promise<string> {
  const [program = '', ...args] = command;
  const { code, stdout, said } = await start(program, ...args).ended;
  assert.equal(code, 0, said);
  return stdout;
}

async function saying(process: Process, text: string, what: string): Promise<void> {
  const early = process.ended.then(({ said }) => Promise.reject(new Error(`It ended before ${what}:\n${said}`)));
  await Promise.race([waitFor(() => process.said().includes(text), { what }), early]);
}

test('these are the commands of docker-compose.yml and of the image', () => {
  const { services } = parse(textOf('docker-compose.yml'), { merge: true }) as {
    services: Record<string, { build?: string; command: string[] }>;
  };
  const ours = Object.values(services).filter(({ build }) => build !== undefined);
  assert.deepEqual(new Set(ours.map(({ command }) => command.join(' '))), new Set(Object.values(commands)));
  const [command] = (stages.at(-1) ?? []).filter(({ name }) => name === 'CMD');
  assert.equal((JSON.parse(command?.text ?? '[]') as string[]).join(' '), commands.api);
});

test('every process starts, takes events and ends', async () => {
  const setup = start(commands.setup);
  const worker = start(commands.worker);
  const api = start(commands.api);
  const { code, said } = await setup.ended;
  assert.equal(code, 0, said);
  await Promise.all([
    saying(worker, '"msg":"worker ready"', 'the worker was ready'),
    saying(api, '"msg":"api ready"', 'the API was ready'),
  ]);
  const url = `http://127.0.0.1:${config.apiPort}`;
  const answer = await fetch(`${url}/pin/`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(pin({ unique_id: 'from the image' })),
  });
  assert.equal(answer.status, 200, await answer.text());
  assert.equal((await fetch(`${url}/docs/`)).status, 200);

  const emulator = start(commands.emulator);
  await saying(emulator, 'emulator: posting', 'the emulator posted');
  const ackedUsers = /^pinflow_door_acked_total\{topic=".*\.user"\} [1-9]/m;
  await waitFor(async () => ackedUsers.test(await (await fetch(`${url}/metrics`)).text()), { what: 'an event of the emulator' });
  assert.equal(await emulator.stop(), 0);
  assert.match(emulator.said(), /emulator: \d+ events: .* 0 refused/);

  assert.match(await run('pinflow', 'version'), /^pinflow \d/);
  assert.deepEqual(JSON.parse(await run('pinflow', 'sql', 'SELECT 1 AS one', '--json')), [{ one: 1 }]);
  assert.match(await run('tctl', '--address', config.temporalAddress, 'schedule', 'list'), new RegExp(`^${config.prefix}pin-batch `, 'm'));
  // On a machine that has much to do a server may not answer within the two seconds that a look gives it.
  await waitFor(
    async () => {
      const { servers } = JSON.parse((await start('pinflow', 'status', '--json').ended).stdout) as { servers: Record<string, unknown> };
      return Object.values(servers).every((state) => state === 'up');
    },
    { what: 'a status in which all servers are up' },
  );
  assert.deepEqual(await Promise.all([api.stop(), worker.stop()]), [0, 0]);
});

test('what the image does not hold is said in one sentence', async () => {
  const { code, said } = await start('pinflow', 'start').ended;
  assert.equal(code, 1);
  assert.match(said, /^This copy of Pinflow has no embedded servers \(stack\/main\.ts is not there\): .*docker compose up.*\n$/);
});
