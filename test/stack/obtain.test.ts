import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { embeddedServers } from '#stack/endpoints.ts';
import type { Obtaining, Tool } from '#stack/tools/obtain.ts';
import { obtain } from '#stack/tools/obtain.ts';
import { makeProgress } from '#stack/tools/progress.ts';
import { runProgram } from '#stack/tools/run-program.ts';
import { temporalTool } from '#stack/tools/temporal-tool.ts';
import { requireGo, requireJava } from '#stack/tools/toolchain.ts';
import { makeTestFolder } from '#test/support/stack-home.ts';

/** A cache, a PATH of its own, and somewhere for progress to go. */
function makeObtaining(signal = new AbortController().signal): Obtaining & { bin: string; said: string[] } {
  const folder = makeTestFolder();
  const said: string[] = [];
  const stream = { isTTY: false, write: (text: string) => said.push(text) } as unknown as NodeJS.WriteStream;
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  return {
    environment: { PATH: `${bin}:/usr/bin:/bin` },
    cacheFolder: join(folder, 'cache'),
    progress: makeProgress(stream),
    signal,
    bin,
    said,
  };
}

function putExecutable(path: string, script: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

function makeTool(build: Tool['build']): Tool {
  return { name: 'thing', version: '1', title: 'the thing', product: 'thing', build };
}

test('an endpoint in the environment wins over the embedded server', () => {
  assert.deepEqual(embeddedServers({}), ['kafka', 's3', 'postgres', 'temporal']);
  assert.deepEqual(embeddedServers({ KAFKA_BROKERS: 'a:1', S3_ENDPOINT: 'http://b', TEMPORAL_ADDRESS: 'c:1' }), ['postgres']);
  assert.deepEqual(embeddedServers({ POSTGRES_URL: '' }), ['kafka', 's3', 'postgres', 'temporal'], 'empty is not given');
});

test('then comes a binary on the PATH, if it holds the right server, then the cache', async () => {
  const obtaining = makeObtaining();
  const cached = putExecutable(join(obtaining.cacheFolder, 'temporal-1.5.1', 'temporal'), 'exit 0');
  assert.deepEqual(await obtain(temporalTool, obtaining), { path: cached, from: 'cache' });

  const onPath = putExecutable(join(obtaining.bin, 'temporal'), 'echo "temporal version 1.4.0 (Server 1.28.0, UI 2.39.0)"');
  assert.deepEqual(await obtain(temporalTool, obtaining), { path: cached, from: 'cache' }, 'another server is not used');

  putExecutable(onPath, 'echo "temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)"');
  assert.deepEqual(await obtain(temporalTool, obtaining), { path: onPath, from: 'installed' });
});

test('what is nowhere is built once, however many want it', async () => {
  const obtaining = makeObtaining();
  let builds = 0;
  const tool = makeTool(async (folder) => {
    builds++;
    await runProgram({ command: 'sh', args: ['-c', 'echo built > thing'], environment: obtaining.environment, cwd: folder });
  });
  const results = await Promise.all([obtain(tool, obtaining), obtain(tool, obtaining), obtain(tool, obtaining)]);
  assert.equal(builds, 1);
  assert.deepEqual(results.map((result) => result.from).toSorted(), ['build', 'cache', 'cache']);
  assert.deepEqual(readdirSync(obtaining.cacheFolder), ['thing-1']);
  assert.match(obtaining.said.join(''), /Building the thing 1 \.\.\.\n[^]*Built the thing 1 \(\d+ s\)/);
});

test('a build that fails or is interrupted leaves nothing behind, and the next one starts clean', async () => {
  const obtaining = makeObtaining();
  const failing = makeTool(async (folder, environment) => {
    await runProgram({ command: 'sh', args: ['-c', 'echo half > thing; echo "no compiler here"; exit 3'], environment, cwd: folder });
  });
  await assert.rejects(obtain(failing, obtaining), /ended with 3:\nno compiler here/);
  assert.deepEqual(readdirSync(obtaining.cacheFolder), []);

  const controller = new AbortController();
  const interrupted = makeTool(async (folder, environment, signal) => {
    const running = runProgram({ command: 'sh', args: ['-c', 'echo half > thing; sleep 60'], environment, cwd: folder, signal });
    controller.abort(new Error('Ctrl-C'));
    await running;
  });
  await assert.rejects(obtain(interrupted, { ...obtaining, signal: controller.signal }), /Ctrl-C/);
  assert.deepEqual(readdirSync(obtaining.cacheFolder), []);

  // As a kill -9 leaves it: half a build aside, and the lock of a process that is gone.
  mkdirSync(join(obtaining.cacheFolder, '.thing-dead'));
  writeFileSync(join(obtaining.cacheFolder, 'thing-1.lock'), JSON.stringify({ pid: 1, identity: 'long ago' }));
  const good = makeTool((folder) => Promise.resolve(writeFileSync(join(folder, 'thing'), 'x')));
  assert.equal((await obtain(good, obtaining)).from, 'build');
  assert.deepEqual(readdirSync(obtaining.cacheFolder), ['thing-1']);
  assert.ok(existsSync(join(obtaining.cacheFolder, 'thing-1', 'thing')));
});

test('a missing or old toolchain is one sentence with the command that installs it', async () => {
  const { bin } = makeObtaining();
  const environment = { PATH: bin };
  putExecutable(join(bin, 'dnf'), 'exit 0');
  await assert.rejects(
    requireGo(environment, 'the Temporal server'),
    /^Failure: Go 1\.25 or newer is needed once to build the Temporal server and is not on the PATH\. Install it with 'sudo dnf install -y golang' and start again\.$/,
  );
  putExecutable(join(bin, 'go'), 'echo "go version go1.19.8 linux/amd64"');
  await assert.rejects(requireGo(environment, 'the S3 server'), /and .*\/go is go1\.19\.8\. Install it with/);
  putExecutable(join(bin, 'java'), `echo 'openjdk version "11.0.2" 2019-01-15' >&2`);
  await assert.rejects(
    requireJava(environment),
    /Java 17 or newer is needed to run Kafka, and .* is version 11\. Install it with 'sudo dnf install/,
  );
});
