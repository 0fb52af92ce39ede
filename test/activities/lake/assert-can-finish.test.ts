import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { beginRun } from '#activities/ledger/interval-ledger.ts';
import { makeDeltaLog } from '#activities/lake/delta-log.ts';
import { readNewestGeneration } from '#activities/lake/generations.ts';
import { makeLakeCache } from '#activities/lake/lake-cache.ts';
import type { PublishPlan } from '#activities/lake/lake-lock.ts';
import { readPending } from '#activities/lake/lake-lock.ts';
import { readLakeStatus } from '#questions/lake-status.ts';
import { publish as publishPlan } from '#activities/lake/publish.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';
import { commitPath } from '#domain/lake/delta.ts';
import { lakeProblems } from '#domain/lake-status.ts';
import type { LakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { openLakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { commitsOf, plan, publish, stage } from '#test/activities/lake/publish-run.ts';

describe('a publish that could not be carried out', () => {
  let lake: LakeEnvironment;
  before(async () => {
    lake = await openLakeEnvironment({ topicPartitions: 1 });
    await publish(lake, plan('first', (await lake.closeInterval({})).start));
  });
  after(() => lake.close());

  const cases: { what: string; kind: string; message: RegExp; spoil: (wanted: PublishPlan) => Promise<unknown> }[] = [
    {
      what: 'a file is not in the bucket',
      kind: 'missing',
      message: /File lake\/clean_geo\/dt=2026-01-01\/.*\.parquet is not in the bucket/,
      spoil: ({ changes }) => lake.s3.delete([`lake/clean_geo/${changes[1]!.files[0]!.path}`]),
    },
    {
      what: 'a file has another size',
      kind: 'missing',
      message: /has 2 bytes, and 1 were written/,
      spoil: ({ changes }) => lake.s3.put(`lake/rejects/${changes[3]!.files[0]!.path}`, Buffer.from('xx')),
    },
    {
      what: 'a column has another type than in the files that stay',
      kind: 'configuration',
      message: /Column ind of lake table clean_users has type "long", and the code wants "string"/,
      async spoil({ changes }) {
        const { columns } = changes[2]!;
        changes[2] = { ...changes[2]!, columns: columns.map((one) => (one.name === 'ind' ? { ...one, delta: 'string' } : one)) };
      },
    },
    {
      what: 'another engine writes a protocol that we do not',
      kind: 'configuration',
      message: /Another engine raised the protocol of lake table clean_pins to reader 3 and writer 7/,
      spoil: () => putCommit('clean_pins', '{"protocol":{"minReaderVersion":3,"minWriterVersion":7}}'),
    },
    {
      what: 'something in the log is no commit',
      kind: 'configuration',
      message: /_delta_log\/\d+\.json is no commit of a Delta table/,
      spoil: () => putCommit('clean_pins', 'not JSON'),
    },
    {
      what: 'the log is gone',
      kind: 'missing',
      message: /lake\/rejects\/_delta_log\/0+\.json/,
      spoil: () => lake.s3.delete([`lake/rejects/${commitPath(0)}`]),
    },
  ];

  for (const { what, kind, message, spoil } of cases) {
    test(`is refused before it is decided, and holds up nobody: ${what}`, async () => {
      const { start } = await lake.closeInterval({});
      const wanted = plan(`spoilt-${what.replaceAll(' ', '-')}`, start);
      await beginRun(lake.postgres, { start, run: wanted.run });
      await stage(lake.s3, wanted);
      const objects = new Map<string, Buffer>();
      for (const { key } of await lake.s3.list('lake/')) objects.set(key, await lake.s3.get(key));
      await spoil(wanted);
      // A process that has read nothing of the lake yet.
      const log = makeDeltaLog(lake.s3, makeLakeCache(lake.s3, mkdtempSync(join(tmpdir(), 'pinflow-test-'))));
      await assert.rejects(publishPlan({ postgres: lake.postgres, s3: lake.s3, log }, wanted), { kind, message });
      assert.equal(await readPending(lake.postgres), undefined);
      // Mended again:
      for (const { key } of await lake.s3.list('lake/')) if (!objects.has(key)) await lake.s3.delete([key]);
      for (const [key, bytes] of objects) await lake.s3.put(key, bytes);
      assert.equal((await publish(lake, plan(`${wanted.run}-next`, (await lake.closeInterval({})).start))).run, `${wanted.run}-next`);
    });
  }

  async function putCommit(table: string, action: string): Promise<void> {
    const next = (await readNewestGeneration(lake.postgres))!.versions[table]! + 1;
    await lake.s3.put(`lake/${table}/${commitPath(next)}`, Buffer.from(`${action}\n`));
  }
});

describe('a publish that cannot be finished', () => {
  let lake: LakeEnvironment;
  before(async () => {
    lake = await openLakeEnvironment({ topicPartitions: 1 });
  });
  after(() => lake.close());

  test('says why beside the lock, makes the others wait, and is finished once that is mended', async () => {
    const [first, second] = [await lake.closeInterval({}), await lake.closeInterval({})];
    const s3: S3 = {
      ...lake.s3,
      putIfAbsent(key, bytes) {
        if (key.startsWith('lake/clean_geo/')) throw new Failure('denied', 'S3: check the rights on lake/clean_geo.');
        return lake.s3.putIfAbsent(key, bytes);
      },
    };
    const spoilt = { postgres: lake.postgres, s3, log: makeDeltaLog(s3, lake.cache) };
    await assert.rejects(publish(spoilt, plan('stuck', first.start)), { kind: 'denied' });
    await assert.rejects(publish(spoilt, plan('waits', second.start)), {
      kind: 'not_ready',
      message: /waits for the publish of run stuck, which could not be finished: S3: check the rights.*batch abandon/,
    });
    const status = await readLakeStatus(lake.postgres);
    const { run, interval, tries, problem, abandon } = status.pending!;
    assert.deepEqual(
      { run, interval, tries, problem, abandon },
      { run: 'stuck', interval: first.start, tries: 2, problem: 'S3: check the rights on lake/clean_geo.', abandon: null },
    );
    assert.match(
      lakeProblems(status)[0]!,
      /^lake: the publish of run stuck of interval .* is pending since .*; 2 tries .*check the rights/,
    );

    assert.equal((await publishPlan(lake, plan('waits', second.start))).run, 'waits');
    const { pending } = await readLakeStatus(lake.postgres);
    assert.equal(pending, null);
    for (const commits of Object.values(await commitsOf(lake))) assert.deepEqual(commits, ['stuck', 'waits']);
  });
});
