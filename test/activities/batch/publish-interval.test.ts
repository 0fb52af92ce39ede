import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { beginRun } from '#activities/ledger/interval-ledger.ts';
import type { Published } from '#activities/batch/publish-interval.ts';
import { publishInterval } from '#activities/batch/publish-interval.ts';
import { readNewestGeneration } from '#activities/lake/generations.ts';
import { intervalFilePath, tableFolder } from '#domain/lake/tables.ts';
import type { LakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { openLakeEnvironment } from '#test/activities/batch/lake-environment.ts';

describe('a run that finds what the interval has already', () => {
  let lake: LakeEnvironment;
  before(async () => {
    lake = await openLakeEnvironment({ topicPartitions: 1 });
  });
  after(() => lake.close());

  /** Publishes what a run made: one file of clean pins that holds `content`, or nothing at all. */
  async function publishRun(start: string, run: string, content: string | undefined, codeVersion = 'one'): Promise<Published> {
    const path = intervalFilePath(start, run, 'attempt');
    const bytes = Buffer.from(content ?? '');
    if (content !== undefined) await lake.s3.put(`${tableFolder('clean_pins')}/${path}`, bytes);
    const rows = content === undefined ? 0 : 1;
    return publishInterval({ postgres: lake.postgres, s3: lake.s3, log: lake.log }, codeVersion, {
      start,
      run,
      files: [{ table: 'clean_pins', path, rows, bytes: bytes.length, fingerprint: content ?? 'nothing' }],
      counts: { records: rows, clean: rows, rejects: 0, duplicates: 0 },
    });
  }

  async function ledgerRow(start: string): Promise<object | undefined> {
    const [row] = await lake.postgres.query(
      `SELECT state, run_id, generation, records, code_version FROM pinflow.interval WHERE start = $1`,
      [start],
    );
    return row;
  }

  test('takes over the version of the code that came to the same', async () => {
    const { start } = await lake.closeInterval({});
    await beginRun(lake.postgres, { start, run: 'first' });
    const { generation } = await publishRun(start, 'first', 'a', 'one');
    await beginRun(lake.postgres, { start, run: 'again' });
    assert.deepEqual(await publishRun(start, 'again', 'a', 'two'), { outcome: 'unchanged', generation });
    assert.deepEqual(await ledgerRow(start), { state: 'complete', run_id: 'again', generation, records: 1, code_version: 'two' });
    assert.deepEqual(await publishRun(start, 'again', 'a', 'two'), { outcome: 'unchanged', generation }, 'its answer was lost');
  });

  test('first finishes what is pending, and compares with that', async () => {
    const { start } = await lake.closeInterval({});
    await beginRun(lake.postgres, { start, run: 'old' });
    await publishRun(start, 'old', 'a');
    await beginRun(lake.postgres, { start, run: 'dies' });
    await assert.rejects(diesWhileItPublishes(start, 'dies', 'b'), /died/);
    await beginRun(lake.postgres, { start, run: 'next' });
    const published = await publishRun(start, 'next', 'a');
    assert.equal(published.outcome, 'published', 'the interval holds b by now');
    const newest = await readNewestGeneration(lake.postgres);
    assert.equal(newest?.run, 'next');
    assert.deepEqual(await ledgerRow(start), {
      state: 'complete',
      run_id: 'next',
      generation: newest.id,
      records: 1,
      code_version: 'one',
    });
  });

  for (const [what, content] of [
    ['unchanged', 'a'],
    ['empty', undefined],
  ] as const) {
    test(`changes nothing where another run took the interval (${what})`, async () => {
      const { start } = await lake.closeInterval({});
      await beginRun(lake.postgres, { start, run: `${what}-first` });
      if (content !== undefined) await publishRun(start, `${what}-first`, content);
      await beginRun(lake.postgres, { start, run: `${what}-slow` });
      await beginRun(lake.postgres, { start, run: `${what}-quick` });
      const before = await ledgerRow(start);
      await assert.rejects(publishRun(start, `${what}-slow`, content, 'two'), { kind: 'fenced' });
      assert.deepEqual(await ledgerRow(start), before);
    });
  }

  /** Decides a publish, and dies before the first commit. */
  async function diesWhileItPublishes(start: string, run: string, content: string): Promise<void> {
    const { log } = lake;
    lake.log = {
      ...log,
      commit: () => {
        throw new Error('died');
      },
    };
    try {
      await publishRun(start, run, content);
    } finally {
      lake.log = log;
    }
  }
});
