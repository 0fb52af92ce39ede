import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ofEveryCommand, runCli } from '#test/cli/run-cli.ts';

/** Nothing may be started for these: without servers in the environment a run would obtain and start its own. */
const environment = ofEveryCommand();

const mistakes: [args: string[], problem: RegExp][] = [
  [['ingest', '--peers', 'fastify,nope'], /No such peer: nope\. There are pinflow, fastify/],
  [['ingest', '--peers', 'fastify', '--profile'], /--profile is of pinflow, which --peers leaves out/],
  [['ingest', '--seconds', '0'], /expected a whole number above 0/],
  [['stream', '--records', '1e9.5'], /expected a whole number above 0/],
  [['stream', '--runs', '0'], /expected a whole number above 0/],
];

for (const [args, problem] of mistakes)
  test(`npm run bench -- ${args.join(' ')} is refused before anything is started`, async () => {
    const { code, stdout, stderr } = await runCli('bench/main.ts', args, environment);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, problem);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
  });
