import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withWorkFolder } from '#activities/lake/work-folder.ts';
import { assertFreeDisk, keysOf, onceInHome, openHome } from '#stack/home.ts';
import { writeEnvironmentFile } from '#stack/environment-file.ts';
import { describeProcess } from '#adapters/lock-file.mjs';
import { makeTestFolder, makeTestHome } from '#test/support/stack-home.ts';

test('a second stack in the same home hears that one runs there, and which process it is', () => {
  const home = makeTestHome();
  assert.throws(() => openHome(home.path), new RegExp(`Pinflow already runs in ${home.path} \\(process ${process.pid}\\)\\.`));
  home.close();
  openHome(home.path).close();
});

test('the home of a killed stack is taken over', async () => {
  const path = makeTestFolder();
  const dead = spawn('sleep', ['60'], { stdio: 'ignore' });
  const holder = describeProcess(dead.pid!);
  dead.kill('SIGKILL');
  await once(dead, 'exit');
  writeFileSync(join(path, 'stack.lock'), JSON.stringify(holder));
  openHome(path).close();

  // The same id, given to another process since.
  writeFileSync(join(path, 'stack.lock'), JSON.stringify({ pid: process.pid, identity: 'another boot/1' }));
  openHome(path).close();

  // Half a file, as a power cut leaves it.
  writeFileSync(join(path, 'stack.lock'), '{"pi');
  openHome(path).close();
});

test('emptying removes state and keys, keeps the ports, and refuses a folder that is not a home', () => {
  const home = makeTestHome();
  const before = keysOf(home);
  assert.deepEqual(keysOf(home), before, 'keys are made once');
  assert.equal(statSync(home.at('keys.json')).mode & 0o777, 0o600);
  writeFileSync(home.at('ports.json'), '{}');
  home.empty();
  assert.ok(existsSync(home.at('ports.json')) && existsSync(home.at('logs')));
  assert.notDeepEqual(keysOf(home), before);

  const foreign = makeTestFolder();
  writeFileSync(join(foreign, 'thesis.doc'), '');
  assert.throws(() => openHome(foreign).empty(), /held something before Pinflow used it, so --fresh does not empty it/);
  assert.ok(existsSync(join(foreign, 'thesis.doc')));
});

test('settings are told to other processes of the owner, and taken back at the end', () => {
  const home = makeTestHome();
  const file = home.at('environment.json');
  writeEnvironmentFile(home, { KAFKA_BROKERS: '127.0.0.1:1', SHELL: '/bin/sh', S3_BUCKET: '' });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  home.close();
  assert.ok(!existsSync(file));
});

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test("a home is its owner's alone, also one that an earlier version made wider", () => {
  const fresh = openHome(join(makeTestFolder(), 'deep', 'home'));
  assert.deepEqual([modeOf(fresh.path), fresh.isOpenToOthers], [0o700, false]);
  fresh.close();
  chmodSync(fresh.path, 0o755);
  openHome(fresh.path).close();
  assert.equal(modeOf(fresh.path), 0o700);

  const usual = join(makeTestFolder(), '.pinflow');
  mkdirSync(join(usual, 'logs'), { recursive: true, mode: 0o755 });
  openHome(usual).close();
  assert.equal(modeOf(usual), 0o700);
});

test('a folder that held something before is left as it is, and said to be open', () => {
  const foreign = makeTestFolder();
  chmodSync(foreign, 0o755);
  writeFileSync(join(foreign, 'thesis.doc'), '');
  const home = openHome(foreign);
  assert.deepEqual([modeOf(foreign), home.isOpenToOthers], [0o755, true]);
  home.close();
});

test('a command that needs no stack makes the home private, too', async () => {
  const home = join(makeTestFolder(), '.pinflow');
  await withWorkFolder(home, () => Promise.resolve());
  assert.equal(modeOf(home), 0o700);
});

test('work is done once in a home, and again when it failed', async () => {
  const home = makeTestHome();
  let runs = 0;
  const work = (): Promise<void> => (runs++ === 0 ? Promise.reject(new Error('first')) : Promise.resolve());
  await assert.rejects(onceInHome(home, 'http://some:1', work), /first/);
  await onceInHome(home, 'http://some:1', work);
  await onceInHome(home, 'http://some:1', work);
  assert.equal(runs, 2);
});

test('a disk that is about to be full is one sentence', () => {
  assert.throws(
    () => assertFreeDisk(makeTestHome(), Number.MAX_SAFE_INTEGER),
    /The disk of .* has \d+ MB free, and Pinflow wants \d+ MB: make room/,
  );
});
