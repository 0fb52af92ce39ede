import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readdirSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { test } from 'node:test';
import { callerEnvironment, loadConfig } from '#adapters/config.ts';
import { identityOf } from '#adapters/lock-file.mjs';
import { nodeFlags } from '#stack/node-process.ts';
import { projectFolder } from '#stack/project.ts';
import { filesOf } from '#stack/run-tests.ts';
import { withoutGivenServers } from '#test/support/own-environment.ts';
import { waitFor } from '#test/support/servers.ts';
import { environmentOfOwn, startStack } from '#test/support/stack.ts';
import { makeTestFolder } from '#test/support/stack-home.ts';

/** A run of tests ends whatever they did, and so does everything that they started. */
const endMs = 30_000;

/** A process of the project that is no part of this run of tests. */
function startScript(script: string): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [...nodeFlags, '--input-type=module', '--eval', script], {
    cwd: projectFolder,
    env: withoutGivenServers(callerEnvironment()),
    timeout: endMs,
  });
}

/** All that it says, on stdout and stderr. */
function listenTo(run: ChildProcessWithoutNullStreams): () => string {
  let said = '';
  for (const stream of [run.stdout, run.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      said += part;
    });
  return () => said;
}

/** Runs a test file of this text as `npm test` runs one. It may write `child <pid>`. */
async function runFile(text: string): Promise<{ code: number | null; said: string; childLives: boolean }> {
  const file = join(makeTestFolder(), 'some.test.mjs');
  writeFileSync(file, text);
  const script = `import { callerEnvironment } from '#adapters/config.ts'; import { runTests } from '#stack/run-tests.ts';
    process.exitCode = await runTests([${JSON.stringify(file)}], callerEnvironment(), new AbortController().signal);`;
  const run = startScript(script);
  const heard = listenTo(run);
  const closed = once(run, 'close');
  const [code] = (await once(run, 'exit')) as [number | null];
  // A run that had to be killed leaves who holds the pipes.
  if (code !== null) await closed;
  const said = heard();
  const pid = Number(/child (\d+)/.exec(said)?.[1]);
  assert.ok(pid > 0, said);
  const childLives = identityOf(pid) !== undefined;
  if (childLives) process.kill(pid, 'SIGKILL');
  return { code, said, childLives };
}

/** A server, say, that holds the pipe on which its test reports. */
const startsChild = `const child = spawn('sleep', ['300'], { stdio: ['ignore', 'pipe', 'inherit'] }); console.log('child', child.pid);`;
const imports = `import { spawn } from 'node:child_process'; import { after, before, test } from 'node:test';`;

test('a file whose `before` failed ends, fails, and takes its processes along', async () => {
  const { code, said, childLives } = await runFile(
    `${imports} let ready; before(() => { ${startsChild} throw new Error('it did not come up'); }); after(() => ready.stop()); test('something', () => undefined);`,
  );
  assert.deepEqual({ code, childLives }, { code: 1, childLives: false }, said);
  assert.match(said, /it did not come up/);
});

test('a file that passes and forgets a process ends and fails, and the process is named', async () => {
  const { code, said, childLives } = await runFile(`${imports} test('something', () => { ${startsChild} });`);
  assert.deepEqual({ code, childLives }, { code: 1, childLives: false }, said);
  assert.match(said, /Left running by the tests, and ended now: sleep 300/);
});

for (const [what, statement] of [
  ['thrown where nobody catches it', `setImmediate(() => { throw new Error('nobody saw this'); });`],
  ['of a promise that nobody awaits', `void Promise.reject(new Error('nobody saw this'));`],
])
  test(`an error ${what} ends its file at once, also where a test waits for ever`, async () => {
    const { code, said, childLives } = await runFile(
      `${imports} test('something', async () => { ${startsChild} ${statement} await new Promise(() => undefined); });`,
    );
    assert.deepEqual({ code, childLives }, { code: 1, childLives: false }, said);
    assert.match(said, /which ends this file: Error: nobody saw this/);
  });

test('tests run without the hooks that follow each promise', async () => {
  // Promises have an id only where somebody follows them.
  const { code, said } = await runFile(
    `${imports} import { executionAsyncId } from 'node:async_hooks';
     test('something', async () => { ${startsChild} child.kill(); await null; const first = executionAsyncId(); await null; if (executionAsyncId() !== first) throw new Error('followed'); });`,
  );
  assert.equal(code, 0, said);
});

test('every test of a file is reported, however many end at once', async () => {
  const { code, said } = await runFile(
    `${imports} ${startsChild} child.kill(); for (let i = 0; i < 2_000; i++) test('number ' + i + ' with a long name'.repeat(10), () => undefined);`,
  );
  assert.equal(code, 0);
  assert.match(said, /^ℹ pass 2000$/m);
});

test('a file that ends before its report does fails the run, and is named', async () => {
  const { code, said } = await runFile(
    `${imports} ${startsChild} child.kill(); test('first', () => undefined); test('second', () => process.exit(0));`,
  );
  assert.equal(code, 1, said);
  assert.match(said, /The report of .*some\.test\.mjs does not come to its end/);
});

test('hooks of a suite are of its tests alone', async () => {
  const { code, said } = await runFile(
    `import { beforeEach, describe } from 'node:test'; ${imports} let runs = 0;
     describe('a suite', () => { beforeEach(async () => { await null; runs++; }); test('first', async () => { await null; }); test('second', () => undefined); });
     test('beside it', () => { ${startsChild} child.kill(); if (runs !== 2) throw new Error('ran ' + runs + ' times'); });`,
  );
  assert.equal(code, 0, said);
});

test('a run that is broken off ends when nothing of it lives any more', async () => {
  const file = join(makeTestFolder(), 'some.test.mjs');
  // Many, so that the last of them is still dying when the first is gone.
  writeFileSync(
    file,
    `${imports} test('something', () => new Promise(() => { for (let i = 0; i < 50; i++) spawn('sleep', ['300']); console.log('group', process.ppid); }));`,
  );
  const script = `import { callerEnvironment } from '#adapters/config.ts'; import { runTests } from '#stack/run-tests.ts';
    const stop = new AbortController(); let group;
    process.stdin.once('data', (text) => { group = Number(text); stop.abort(new Error('enough')); });
    await runTests([${JSON.stringify(file)}], callerEnvironment(), stop.signal).catch(({ message }) => {
      let left; try { process.kill(-group, 0); left = 'some live'; } catch { left = 'all gone'; }
      console.log(message + ', ' + left); });
    process.exit();`;
  const run = startScript(script);
  const heard = listenTo(run);
  run.stdout.on('data', () => {
    const group = /group (\d+)\n/.exec(heard())?.[1];
    if (group !== undefined && !run.stdin.writableEnded) run.stdin.end(group);
  });
  await once(run, 'close');
  assert.match(heard(), /^enough, all gone$/m);
});

test('a file that tells its processes to end passes', async () => {
  const { code, said } = await runFile(`${imports} test('something', () => { ${startsChild} child.kill(); });`);
  assert.equal(code, 0, said);
});

test('all files run; the long ones begin early and one after the other', () => {
  const files = filesOf([]);
  const all = globSync('test/**/*.test.ts', { cwd: projectFolder });
  assert.deepEqual(files.toSorted(), all.toSorted());
  const folders = files.map((file) => file.split(sep)[1]);
  assert.equal(folders[0], 'e2e');
  assert.ok(folders.every((folder, i) => folder !== 'e2e' || folders[i + 1] !== 'e2e'));
  assert.ok(folders.lastIndexOf('workflows') < files.length / 2);
});

test('a filter is a file, a folder or a pattern', () => {
  const gaps = join('test', 'domain', 'offset-gaps.test.ts');
  assert.deepEqual(filesOf(['test/domain/offset-gaps.test.ts']), [gaps]);
  assert.ok(filesOf(['test/domain']).includes(gaps));
  assert.deepEqual(filesOf(['test/domain/offset-g*.test.ts']), [gaps]);
  assert.deepEqual(filesOf(['test/domain/no-such.test.ts']), []);
  assert.deepEqual(filesOf(['test/domain/offset-gaps.test.ts', 'test/domain/offset-g*']), [gaps], 'once');
});

test('a filter that matches nothing ends the run before it begins, though others match', async () => {
  const run = startScript(`import { callerEnvironment } from '#adapters/config.ts'; import { runTests } from '#stack/run-tests.ts';
    process.exitCode = await runTests(['test/domain/offset-gaps.test.ts', 'test/domian'], callerEnvironment(), new AbortController().signal);`);
  const heard = listenTo(run);
  const [code] = (await once(run, 'close')) as [number | null];
  assert.equal(code, 1);
  assert.match(heard(), /^No test file matches test\/domian: name files, folders or patterns/);
});

test('a stack of a test inherits where the cache is, and no server', async () => {
  const caller = { PATH: '/bin', XDG_CACHE_HOME: '/elsewhere', KAFKA_BROKERS: '127.0.0.1:9092', POSTGRES_URL: 'postgres://x@localhost/y' };
  const { PATH, XDG_CACHE_HOME, KAFKA_BROKERS, POSTGRES_URL } = await environmentOfOwn(caller, '/home', {});
  assert.deepEqual(
    { PATH, XDG_CACHE_HOME, KAFKA_BROKERS, POSTGRES_URL },
    { PATH: '/bin', XDG_CACHE_HOME: '/elsewhere', KAFKA_BROKERS: undefined, POSTGRES_URL: undefined },
  );
});

test('a stack of a test that does not come up in time is stopped with all its servers', async () => {
  const stacks = join(loadConfig().home, 'tests');
  const before = new Set(foldersIn(stacks));
  const giveUp = new AbortController();
  const starting = assert.rejects(startStack({}, { giveUp: giveUp.signal }), /^Error: npm start did not come up \(enough\):/);
  const home = await waitFor(
    () => foldersIn(stacks).find((folder) => !before.has(folder) && existsSync(join(folder, 'run', 'kafka.json'))),
    { timeoutMs: endMs, what: 'its Kafka' },
  );
  giveUp.abort('enough');
  await starting;
  assert.deepEqual(
    { running: readdirSync(join(home, 'run')), locked: existsSync(join(home, 'stack.lock')) },
    { running: [], locked: false },
  );
});

function foldersIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}
