import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { makePostgres } from '#adapters/postgres.ts';
import type { OpenDoor } from '#test/api/open-door.ts';
import { openDoor } from '#test/api/open-door.ts';
import type { CliResult } from '#test/cli/run-cli.ts';
import { ofEveryCommand, runCli } from '#test/cli/run-cli.ts';
import { waitFor } from '#test/support/servers.ts';
import { tailText } from '#cli/tail-text.ts';
import { migrate } from '#workers/migrate.ts';

describe('pinflow tail', () => {
  let door: OpenDoor;
  let environment: NodeJS.ProcessEnv;
  before(async () => {
    door = await openDoor();
    const postgres = makePostgres({ url: door.config.postgresUrl, applicationName: 'pinflow-test' });
    await migrate(postgres);
    await postgres.close();
    environment = { ...ofEveryCommand(), PINFLOW_HOME: door.config.home, API_URL: door.url };
    await door.post(
      '/topics/some-emulator.pin',
      JSON.stringify({ records: [{ value: { unique_id: 'p1', title: 'a\u001b[2Jb\u009bc' } }] }),
    );
    await door.post('/topics/x.geo', '{"records":[{"value":{"ind":7}}]}');
    await door.post('/topics/garbage.geo', '{"records":[{"value":{}}]}');
    await door.refusals.flush();
  });
  after(() => door.close());

  const pinflow = (...args: string[]): Promise<CliResult> => runCli('cli/pinflow.ts', args, environment);

  test('shows a line a record, which no terminal acts on, and ends after its limit', async () => {
    const { code, stdout, stderr } = await pinflow('tail', '--since', '1h', '--limit', '2');
    assert.deepEqual([code, stderr], [0, '']);
    const lines = stdout.trimEnd().split('\n').toSorted();
    assert.equal(lines.length, 2);
    const pin = lines.find((line) => line.includes(' pin '))!;
    assert.match(
      pin,
      /^\d\d:\d\d:\d\d\.\d{3}Z pin {2}\d\/0 p1 source=some-emulator key=- \{"unique_id":"p1","title":"a\\u001b\[2Jb\\u009bc"\}$/,
    );
    assert.match(
      lines.find((line) => line.includes(' geo '))!,
      /geo {2}\d\/0 7 source=x key=- \{"ind":7\}/,
    );
    assert.doesNotMatch(stdout.replaceAll('\n', ''), /[\0-\x1f\x7f-\x9f]/);
  });

  test('of one kind as JSON has everything, and no control characters either', async () => {
    const { code, stdout } = await pinflow('tail', 'pin', '--json', '--since', '1h', '--limit', '1');
    assert.equal(code, 0);
    const line = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual(
      [line['type'], line['kind'], line['source'], line['value']],
      ['record', 'pin', 'some-emulator', { unique_id: 'p1', title: 'a\u001b[2Jb\u009bc' }],
    );
    assert.doesNotMatch(stdout.trimEnd(), /[\0-\x1f\x7f-\x9f]/);
  });

  test('--rejected shows who sent what was refused', async () => {
    const { code, stdout } = await pinflow('tail', '--rejected', '--since', '1h', '--limit', '1');
    assert.equal(code, 0);
    assert.match(stdout, /^\S+Z refused 422 topics geo missing_key x1 source=garbage key=- client=\S+ request=\S+: /);
  });

  test('goes on until Ctrl-C, which is its ordinary end', async () => {
    const file = fileURLToPath(new URL('../../cli/pinflow.ts', import.meta.url));
    const child = spawn(process.execPath, [file, 'tail', 'user'], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(child, 'close');
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += String(chunk);
    });
    let ind = 0;
    // Posts until one is seen: the tail begins when it is connected.
    await waitFor(
      async () => {
        await door.post('/topics/x.user', `{"records":[{"value":{"ind":${ind++}}}]}`);
        return stdout.includes(' user ');
      },
      { what: 'a record' },
    );
    child.kill('SIGINT');
    assert.deepEqual(await closed, [0, null]);
  });

  test('says what the API said where it refuses', async () => {
    environment['API_URL'] = `${door.url}/nowhere`;
    const { code, stderr } = await pinflow('tail');
    environment['API_URL'] = door.url;
    assert.equal(code, 1);
    assert.match(stderr, /^pinflow: The API at \S+\/nowhere answered 404: Not Found\.\n$/);
  });

  test('says in one sentence that nothing runs', async () => {
    const { code, stdout, stderr } = await runCli('cli/pinflow.ts', ['tail'], { ...environment, API_URL: 'http://127.0.0.1:1' });
    assert.deepEqual(
      { code, stdout, stderr },
      { code: 1, stdout: '', stderr: `pinflow: Nothing runs in ${door.config.home}: npm start\n` },
    );
  });

  const mistakes: [args: string[], stderr: RegExp][] = [
    [['tail', 'pins'], /'pins' is invalid for argument 'kind'\. Allowed choices are pin, geo, user/],
    [['tail', '--since', 'yesterday'], /'yesterday' is invalid\. Expected a span of time/],
    [['tail', '--limit', '0'], /'0' is invalid\. Expected a whole number from 1/],
  ];
  for (const [args, expected] of mistakes) {
    test(`${args.join(' ')} is wrong usage`, async () => {
      const { code, stderr } = await pinflow(...args);
      assert.equal(code, 2);
      assert.match(stderr, expected);
    });
  }
});

test('a line is cut to the columns of the terminal, wide characters and all', () => {
  const cut = (message: string, width: number): string => tailText({ type: 'note', message }, width);
  assert.equal(cut('abc', 7), '... abc');
  assert.equal(cut('abcd', 7), '... ab…');
  assert.equal(cut('日本語', 10), '... 日本語');
  assert.equal(cut('日本語', 9), '... 日本…');
  assert.equal(cut('😀😀😀', 9), '... 😀😀…');
});
