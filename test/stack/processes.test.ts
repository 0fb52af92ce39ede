import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Child } from '#stack/child.ts';
import { keepRunning } from '#stack/keep-running.ts';
import { stopLeftovers } from '#stack/leftovers.ts';
import { describeProcess, identityOf } from '#adapters/lock-file.mjs';
import { nodeFlags } from '#stack/node-process.ts';
import { startServer } from '#stack/servers/server.ts';
import { waitUntilReady } from '#stack/wait-until-ready.ts';
import { waitFor } from '#test/support/servers.ts';
import { makeTestHome, startScript } from '#test/support/stack-home.ts';

const never = new AbortController().signal;

test('a process is stopped with everything that it started', async () => {
  const home = makeTestHome();
  const child = startScript(home, 'family', 'sleep 60 & echo "child $!"; wait');
  const grandchild = Number(await waitFor(() => /child (\d+)/.exec(child.tail())?.[1], { what: "the child's line" }));
  await child.stop();
  assert.equal(await child.exited, 'was ended by SIGTERM');
  await waitFor(() => identityOf(grandchild) === undefined, { what: 'the end of the grandchild' });
  assert.deepEqual(readdirSync(home.at('run')), []);
  assert.equal(home.running.size, 0);
});

test('a process that does not listen is killed', async () => {
  const home = makeTestHome();
  const child = startScript(home, 'deaf', 'trap "" TERM INT; echo deaf; while :; do sleep 0.05; done');
  await waitFor(() => child.tail().includes('deaf'), { what: 'the trap' });
  await child.stop();
  assert.equal(await child.exited, 'was ended by SIGKILL');
});

test('what dies is started again, later each time, with a line that says so', async () => {
  const home = makeTestHome();
  const said: string[] = [];
  const started: Child[] = [];
  const start = (): Child => {
    const child = startScript(home, 'mortal', 'sleep 60');
    started.push(child);
    return child;
  };
  const kept = keepRunning(start(), start, (line) => said.push(line), { firstMs: 10, maxMs: 40, healthyMs: 60_000 });
  for (let life = 1; life <= 4; life++) {
    started.at(-1)!.kill();
    await waitFor(() => started.length > life, { what: `life ${life + 1}` });
  }
  assert.deepEqual(
    said.map((line) => line.replace(/ \(its log: .*\)$/, '')),
    ['0.01', '0.02', '0.04', '0.04'].map((seconds) => `mortal was ended by SIGKILL; starting it again in ${seconds} s`),
  );
  await kept.stop();
  assert.ok(started.every((child) => child.hasExited()));
  assert.equal(home.running.size, 0);
});

test('after a healthy while the waiting begins from the start again', async () => {
  const home = makeTestHome();
  const said: string[] = [];
  let child = startScript(home, 'mortal', 'sleep 60');
  let lives = 1;
  const kept = keepRunning(
    child,
    () => {
      lives++;
      return (child = startScript(home, 'mortal', 'sleep 60'));
    },
    (line) => said.push(line),
    { firstMs: 10, maxMs: 1_000, healthyMs: 0 },
  );
  for (const life of [1, 2]) {
    child.kill();
    await waitFor(() => lives > life, { what: 'the next life' });
  }
  assert.deepEqual(
    said.map((line) => /again in (\S+) s/.exec(line)?.[1]),
    ['0.01', '0.01'],
  );
  await kept.stop();
});

test('a start that fails, as on a full disk, is tried again', async () => {
  const home = makeTestHome();
  const said: string[] = [];
  const first = startScript(home, 'mortal', 'sleep 60');
  let tries = 0;
  const kept = keepRunning(
    first,
    () => {
      if (++tries === 1) throw new Error('no space left on device');
      return startScript(home, 'mortal', 'sleep 60');
    },
    (line) => said.push(line),
    { firstMs: 5, maxMs: 5, healthyMs: 60_000 },
  );
  first.kill();
  await waitFor(() => tries === 2 && !kept.current().hasExited(), { what: 'the second try' });
  assert.match(said[1] ?? '', /^mortal could not be started \(no space left on device\); starting it again/);
  await kept.stop();
});

test('a process whose note cannot be written is not left behind', async () => {
  const home = makeTestHome();
  // The name of the note is taken by a folder: writing fails, as on a full disk.
  mkdirSync(home.at('run', 'noteless.json.new'));
  assert.throws(() => startScript(home, 'noteless', 'sleep 60'), /EISDIR/);
  await waitFor(() => home.running.size === 0, { what: 'the end of the process' });
});

test('what is being stopped is not started again', async () => {
  const home = makeTestHome();
  let starts = 0;
  const kept = keepRunning(
    startScript(home, 'mortal', 'exit 3'),
    () => {
      starts++;
      return startScript(home, 'mortal', 'exit 3');
    },
    () => undefined,
    { firstMs: 5, maxMs: 5, healthyMs: 60_000 },
  );
  await waitFor(() => starts > 1, { what: 'two restarts' });
  await kept.stop();
  const before = starts;
  await kept.current().exited;
  assert.equal(starts, before);
});

test('a server that dies at its start is one sentence and the end of its log', async () => {
  const home = makeTestHome();
  const server = {
    name: 'stillborn',
    title: 'Some server',
    command: { command: 'sh', args: ['-c', 'echo "cannot open the vault"; exit 7'], environment: { PATH: '/usr/bin:/bin' } },
    isReady: () => Promise.resolve(false),
  };
  await assert.rejects(
    startServer(home, server, () => undefined, never),
    (error: Error) => {
      assert.equal(
        error.message,
        `Some server ended with code 7 before it was ready. The end of its log (${home.at('logs', 'stillborn.log')}):\ncannot open the vault`,
      );
      return true;
    },
  );
  assert.equal(home.running.size, 0);
  const missing = { ...server, command: { ...server.command, command: '/no/such/server' } };
  await assert.rejects(
    startServer(home, missing, () => undefined, never),
    /Some server could not be started \(spawn \/no\/such\/server ENOENT\) before it was ready/,
  );
});

test('a server that has another way to run is run that way, and that way again', async () => {
  const home = makeTestHome();
  const script = (text: string): { command: string; args: string[]; environment: NodeJS.ProcessEnv } => ({
    command: 'sh',
    args: ['-c', text],
    environment: { PATH: '/usr/bin:/bin' },
  });
  const { child, startAgain } = await startServer(
    home,
    {
      name: 'choosy',
      title: 'Some server',
      command: script('echo "no attributes here"; exit 1'),
      insteadOf: (words) => (words.includes('no attributes') ? script('echo beside; sleep 60') : undefined),
      isReady: () =>
        Promise.resolve(
          existsSync(home.at('logs', 'choosy.log')) &&
            home.running.size > 0 &&
            [...home.running].some((one) => (one as Child).tail().includes('beside')),
        ),
    },
    () => undefined,
    never,
  );
  await child.stop();
  const again = startAgain();
  await waitFor(() => again.tail().includes('beside'), { what: 'the other way' });
  await again.stop();
});

test('waiting for a process ends with Ctrl-C, and with its time', async () => {
  const home = makeTestHome();
  const child = startScript(home, 'slow', 'sleep 60');
  const slow = { title: 'The slow one', isReady: () => Promise.resolve(false) };
  const controller = new AbortController();
  const waiting = waitUntilReady(child, slow, 60_000, controller.signal);
  controller.abort(new Error('Ctrl-C'));
  await assert.rejects(waiting, /Ctrl-C/);
  await assert.rejects(waitUntilReady(child, slow, 50, never), /The slow one was not ready within 0\.05 s\. The end of its log/);
  await child.stop();
});

test('what a killed stack left running is stopped; a stranger with the same id is not', async () => {
  const home = makeTestHome();
  const mine = startScript(home, 'kafka', 'sleep 60');
  const stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
  writeFileSync(home.at('run', 'worker.json'), JSON.stringify({ ...describeProcess(stranger.pid!), identity: 'another boot/1' }));
  writeFileSync(home.at('run', 'api.json'), '');
  const said: string[] = [];
  await stopLeftovers(home, (line) => said.push(line));
  assert.equal(await mine.exited, 'was ended by SIGTERM');
  assert.deepEqual(said, [`Stopping kafka (process ${mine.pid}), which an earlier run left behind`]);
  assert.deepEqual(readdirSync(home.at('run')), []);
  assert.equal(stranger.exitCode ?? stranger.signalCode, null);
  stranger.kill();
});

test('a Node process of the stack ends when its parent is killed', async () => {
  const child = `${process.execPath} ${nodeFlags.join(' ')} -e 'console.log(process.pid); setInterval(() => {}, 1000)'`;
  const parent = spawn('sh', ['-c', `${child} & wait`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  assert.ok(identityOf(pid) !== undefined);
  parent.kill('SIGKILL');
  await waitFor(() => identityOf(pid) === undefined, { what: 'the end of the orphan' });
});
