import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { callerEnvironment } from '#adapters/config.ts';
import type { CliResult } from '#test/cli/run-cli.ts';
import { runCli } from '#test/cli/run-cli.ts';

/** The command line without a stack: help, mistakes, and a home in which nothing runs. */
const home = mkdtempSync(join(tmpdir(), 'pinflow-cli-'));
after(() => rmSync(home, { recursive: true }));
const environment: NodeJS.ProcessEnv = {
  PATH: callerEnvironment()['PATH'],
  PINFLOW_HOME: home,
  // Ports that nobody listens on.
  API_URL: 'http://127.0.0.1:1',
  KAFKA_BROKERS: '127.0.0.1:1',
  S3_ENDPOINT: 'http://127.0.0.1:1',
  POSTGRES_URL: 'postgres://someone:a-secret@127.0.0.1:1/nothing',
  PINFLOW_SOURCE_URL: 'postgres://someone:a-secret@127.0.0.1:1/nothing',
  TEMPORAL_ADDRESS: '127.0.0.1:1',
};
const pinflow = (...args: string[]): Promise<CliResult> => runCli('cli/pinflow.ts', args, environment);

describe('help', { concurrency: 4 }, () => {
  test('names every noun, an example and the exit codes', async () => {
    const { code, stdout } = await pinflow('--help');
    assert.equal(code, 0);
    for (const noun of ['start', 'stop', 'status', 'emulate', 'sql', 'tail', 'keys', 'version'])
      assert.match(stdout, new RegExp(`^ {2}${noun} `, 'm'));
    assert.match(stdout, /Example:/);
    assert.match(stdout, /Exit codes:/);
  });

  for (const noun of ['start', 'stop', 'status', 'emulate', 'sql', 'tail', 'keys', 'version']) {
    test(`of ${noun} has an example`, async () => {
      const { code, stdout } = await pinflow(noun, '--help');
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`Example:\n {2}\\$ pinflow ${noun}`));
    });
  }
});

describe('mistakes end with 2 and one sentence', { concurrency: 4 }, () => {
  const mistakes: [args: string[], stderr: RegExp][] = [
    [['statsu'], /unknown command 'statsu'\n\(Did you mean status\?\)/],
    [['status', '--jsn'], /unknown option '--jsn'\n\(Did you mean --json\?\)/],
    [['emulate', '--rate', 'fast'], /'fast' is invalid\. Expected a number above 0/],
    [['emulate', '--count', '0'], /'0' is invalid\. Expected a whole number from 1/],
    [['emulate', '--seed', '-1'], /'-1' is invalid\. Expected a whole number from 0/],
    [['emulate', '--shape', 'geo'], /'geo' is invalid\. Allowed choices are pin, topics/],
    [['emulate', '--target', 'localhost'], /'localhost' is invalid\. Expected a URL/],
    [['sql'], /missing required argument 'statement'/],
    [['sql', 'SELECT', '1'], /too many arguments for 'sql'/],
    [['sql', 'SELECT 1', '--json', '--csv'], /'--json' cannot be used with option '--csv'/],
    [['status', 'now'], /too many arguments for 'status'/],
  ];
  for (const [args, stderr] of mistakes) {
    test(args.join(' '), async () => {
      const result = await pinflow(...args);
      assert.equal(result.code, 2);
      assert.match(result.stderr, stderr);
      assert.equal(result.stdout, '');
    });
  }
});

describe('where nothing runs', () => {
  test('status says so in one sentence and ends with 3', async () => {
    const { code, stdout, stderr } = await pinflow('status');
    assert.deepEqual({ code, stdout, stderr }, { code: 3, stdout: '', stderr: `Nothing runs in ${home}: npm start\n` });
  });

  test('status --json still prints every part, with its error and without the password', async () => {
    const { code, stdout } = await pinflow('status', '--json');
    const status = JSON.parse(stdout) as {
      endpoints: { postgres: string };
      servers: Record<string, { error: string }>;
      stream: { error: string };
      problems: string[];
    };
    assert.equal(code, 3);
    assert.equal(status.endpoints.postgres, 'postgres://someone@127.0.0.1:1/nothing');
    assert.doesNotMatch(stdout, /a-secret/);
    assert.deepEqual(Object.keys(status.servers).toSorted(), ['api', 'kafka', 'postgres', 's3', 'temporal']);
    for (const [name, server] of Object.entries(status.servers))
      assert.match(server.error, /cannot be reached|ECONNREFUSED|no broker/, name);
    assert.ok(status.stream.error.length > 0);
    assert.equal(status.problems.length, 5);
  });

  test('stop has nothing to do', async () => {
    const { code, stdout } = await pinflow('stop');
    assert.deepEqual({ code, stdout }, { code: 0, stdout: `Nothing runs in ${home}.\n` });
  });

  test('stop leaves a process alone that came by the process id of a dead stack', async () => {
    const other = join(home, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'stack.lock'), JSON.stringify({ pid: process.pid, identity: 'of another' }));
    const { code, stdout } = await pinflow('stop', '--home', other);
    assert.deepEqual({ code, stdout }, { code: 0, stdout: `Nothing runs in ${other}.\n` });
  });

  test('sql says so and ends with 1', async () => {
    const { code, stderr } = await pinflow('sql', 'SELECT 1');
    assert.deepEqual({ code, stderr }, { code: 1, stderr: `pinflow: Nothing runs in ${home}: npm start\n` });
  });

  test('emulate says what is missing and ends with 1', async () => {
    const { code, stderr } = await pinflow('emulate', '--count', '1');
    assert.equal(code, 1);
    assert.equal(stderr, `pinflow: Nothing runs in ${home}: npm start\n`);
  });
});

test('version --json names the versions', async () => {
  const { code, stdout } = await pinflow('version', '--json');
  assert.equal(code, 0);
  assert.deepEqual(Object.keys(JSON.parse(stdout) as object), ['pinflow', 'node', 'platform']);
});
