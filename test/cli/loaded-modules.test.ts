import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { callerEnvironment } from '#adapters/config.ts';
import { projectFolder } from '#stack/project.ts';
import { makeTestFolder } from '#test/support/stack-home.ts';

/** A question is answered by one process that loads what the question needs: each file more is paid at every command. */
const folder = makeTestFolder();
const tellsLoads = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({ load(url, context, next) { process.stderr.write('LOAD ' + process.pid + ' ' + url + '\\n'); return next(url, context); } });`)}`;

function loadedBy(...args: string[]): { pid: number; by: Set<number>; files: string[]; packages: Set<string>; warned: boolean } {
  const { stderr, pid } = spawnSync(process.execPath, ['--import', tellsLoads, join(projectFolder, 'cli', 'pinflow.mjs'), ...args], {
    env: {
      PATH: callerEnvironment()['PATH'],
      PINFLOW_HOME: folder,
      XDG_CACHE_HOME: folder,
      POSTGRES_URL: 'postgres://someone@127.0.0.1:1/nothing',
    },
    encoding: 'utf8',
  });
  const loads = [...stderr.matchAll(/^LOAD (\d+) file:\/\/(.*)$/gm)];
  const files = loads.map(([, , file = '']) => file);
  const packages = new Set(files.flatMap((file) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []));
  return { pid, by: new Set(loads.map(([, by]) => Number(by))), files, packages, warned: /Warning/.test(stderr) };
}

describe('a command', () => {
  const heavy = ['zod', 'pg', 'kafkajs', '@aws-sdk/client-s3', '@duckdb/node-api', '@temporalio/client', 'cli-table3'];
  const cases: { args: string[]; without: string[] }[] = [
    { args: ['version'], without: heavy },
    { args: ['keys', '--help'], without: heavy },
    { args: ['status', '--help'], without: heavy },
    { args: ['sql', 'SELECT 1'], without: ['kafkajs', '@aws-sdk/client-s3', '@duckdb/node-api', '@temporalio/client'] },
  ];
  for (const { args, without } of cases)
    test(`${args.join(' ')} loads nothing that it does not need, in one process, without a warning`, () => {
      const { pid, by, files, packages, warned } = loadedBy(...args);
      assert.ok(packages.has('commander'), 'the packages are seen');
      assert.deepEqual(
        without.filter((name) => packages.has(name)),
        [],
      );
      assert.deepEqual(
        files.filter((file) => /\/cli\/commands\/(\w+)\.ts$/.exec(file)?.[1] !== args[0] && file.includes('/cli/commands/')),
        [],
      );
      assert.deepEqual([...by], [pid]);
      assert.equal(warned, false);
    });

  test('leaves its compiled code in the cache for the next one', () => {
    loadedBy('version');
    assert.ok(existsSync(join(folder, 'pinflow', 'compiled')));
  });
});
