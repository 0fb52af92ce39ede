import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { callerEnvironment } from '#adapters/config.ts';
import { identityOf } from '#adapters/lock-file.mjs';
import { nodeFlags } from '#stack/node-process.ts';
import { projectFolder } from '#stack/project.ts';
import { kafkaBrokersOf } from '#stack/servers/kafka-probe.ts';
import { withoutGivenServers } from '#test/support/own-environment.ts';
import { waitFor } from '#test/support/servers.ts';
import { makeTestFolder } from '#test/support/stack-home.ts';

/** The embedded servers as a whole, in a home of this file: they die and are killed in every way there is. */
const home = makeTestFolder();
const names = ['kafka', 'postgres', 's3', 'temporal'];
const STOP_MS = 10_000;
const START = { what: 'the servers' };
const stacks: ChildProcess[] = [];
after(() => stacks.forEach((stack) => stack.kill('SIGTERM')));

function startStack(): { process: ChildProcess; said(): string } {
  const stack = spawn(process.execPath, [...nodeFlags, join(projectFolder, 'stack', 'main.ts'), 'servers', '--home', home, '--any-ports'], {
    env: { ...withoutGivenServers(callerEnvironment()), LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  stacks.push(stack);
  let text = '';
  for (const stream of [stack.stdout, stack.stderr])
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  return { process: stack, said: () => text };
}

function pidOf(name: string): number {
  return (JSON.parse(readFileSync(join(home, 'run', `${name}.json`), 'utf8')) as { pid: number }).pid;
}

function kafkaBrokers(): Promise<number> {
  const { KAFKA_BROKERS: brokers = '' } = JSON.parse(readFileSync(join(home, 'environment.json'), 'utf8')) as Record<string, string>;
  return kafkaBrokersOf('127.0.0.1', Number(brokers.split(':')[1]));
}

test('a stack comes up, is alone in its home, heals, and is cleaned up after', async () => {
  const first = startStack();
  await waitFor(() => first.said().includes('Servers run'), START);
  assert.equal(await kafkaBrokers(), 1);
  assert.deepEqual(
    readdirSync(join(home, 'run')).toSorted(),
    names.map((name) => `${name}.json`),
  );

  const second = startStack();
  assert.deepEqual(await once(second.process, 'exit'), [1, null]);
  assert.match(second.said(), new RegExp(`^Pinflow already runs in ${home} \\(process ${first.process.pid}\\)\\.`));
  assert.ok(existsSync(join(home, 'environment.json')), "the second did not take the first's away");

  process.kill(pidOf('kafka'), 'SIGKILL');
  await waitFor(() => first.said().includes('kafka was ended by SIGKILL; starting it again in 1 s'), { what: 'the line about Kafka' });
  await waitFor(async () => (await kafkaBrokers()) === 1, { what: 'Kafka' });

  const left = names.map(pidOf);
  first.process.kill('SIGKILL');
  await once(first.process, 'exit');
  const third = startStack();
  await waitFor(() => third.said().includes('Servers run'), START);
  for (const name of names) assert.match(third.said(), new RegExp(`Stopping ${name} \\(process \\d+\\), which an earlier run left behind`));
  assert.deepEqual(
    left.map((pid) => identityOf(pid)),
    names.map(() => undefined),
  );

  const running = names.map(pidOf);
  const stoppedAt = Date.now();
  third.process.kill('SIGINT');
  assert.deepEqual(await once(third.process, 'exit'), [0, null]);
  assert.ok(Date.now() - stoppedAt < STOP_MS, `it took ${Date.now() - stoppedAt} ms`);
  assert.deepEqual(
    running.map((pid) => identityOf(pid)),
    names.map(() => undefined),
  );
  assert.ok(!existsSync(join(home, 'environment.json')));
});

test('Ctrl-C while the servers start ends all of it', async () => {
  const stack = startStack();
  await waitFor(() => existsSync(join(home, 'run', 'kafka.json')), { what: 'Kafka' });
  const pid = pidOf('kafka');
  stack.process.kill('SIGINT');
  assert.deepEqual(await once(stack.process, 'exit'), [130, null]);
  assert.equal(identityOf(pid), undefined);
  assert.deepEqual(readdirSync(join(home, 'run')), []);
});
