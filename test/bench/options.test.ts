import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callerEnvironment } from '#adapters/config.ts';
import { runCli } from '#test/cli/run-cli.ts';

/** Nothing may be started for these: without servers in the environment a run would obtain and start its own. */
const environment = { PATH: callerEnvironment()['PATH'] };

const mistakes: [args: string[], problem: RegExp][] = [
  [['--peers', 'fastify,nope'], /No such peer: nope\. There are pinflow, fastify/],
  [['--peers', 'fastify', '--profile'], /--profile is of pinflow, which --peers leaves out/],
  [['--seconds', '0'], /expected a whole number above 0/],
];

for (const [args, problem] of mistakes)
  test(`npm run bench -- ingest ${args.join(' ')} is refused before anything is started`, async () => {
    const { code, stdout, stderr } = await runCli('bench/main.ts', ['ingest', ...args], environment);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, problem);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
  });
