import { randomUUID } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { insertCuts } from '#activities/ledger/cut-rows.ts';
import { checkInterval } from '#activities/batch/check-interval.ts';
import { cleanPart } from '#activities/batch/clean-part.ts';
import { discardStaging } from '#activities/batch/discard-staging.ts';
import { beginRun } from '#activities/ledger/interval-ledger.ts';
import { planInterval } from '#activities/batch/plan-interval.ts';
import { unwatched } from '#activities/batch/progress.ts';
import type { Published } from '#activities/batch/publish-interval.ts';
import { publishInterval } from '#activities/batch/publish-interval.ts';
import type { RunStatements } from '#activities/batch/run-statements.ts';
import { makeRunStatements } from '#activities/batch/run-statements.ts';
import { selectWinners } from '#activities/batch/select-winners.ts';
import type { AdHocAnswer } from '#questions/ad-hoc-sql.ts';
import { runAdHocSql } from '#questions/ad-hoc-sql.ts';
import type { DeltaLog } from '#activities/lake/delta-log.ts';
import { makeDeltaLog } from '#activities/lake/delta-log.ts';
import type { LakeCache } from '#activities/lake/lake-cache.ts';
import { makeLakeCache } from '#activities/lake/lake-cache.ts';
import type { Config } from '#adapters/config.ts';
import type { S3 } from '#adapters/s3.ts';
import type { IntervalRef } from '#domain/intervals.ts';
import { timeText } from '#domain/intervals.ts';
import { rawObjectKey } from '#domain/raw-object.ts';
import { encodeRawLines } from '#domain/raw-line.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { LogRecord } from '#domain/terms.ts';
import type { Environment } from '#test/support/environment.ts';
import { openEnvironment } from '#test/support/environment.ts';

/** An environment whose raw objects, cuts and intervals a test lays by hand, and the batch steps over it. */
export type LakeEnvironment = Environment & {
  cache: LakeCache;
  log: DeltaLog;
  runStatements: RunStatements;
  /** Puts records of one partition into one raw object and its landed row; `values` stand at consecutive offsets. */
  land(kind: Kind, partition: number, first: number, values: readonly (Buffer | string | null)[], appendTimeMs?: number): Promise<void>;
  /** Lays the next interval (a minute each): `to` is the offset per kind and partition at which it ends. */
  closeInterval(to: Partial<Record<Kind, Record<number, number>>>): Promise<IntervalRef>;
  /** The steps of pinBatchInterval without Temporal. `over` may replace an adapter or a result on the way. */
  run(interval: IntervalRef, run?: string, over?: { s3?: S3; codeVersion?: string }): Promise<Published>;
  sql(text: string, options?: { rowsMax?: number; timeoutMs?: number; generation?: number }): Promise<AdHocAnswer>;
};

/** The first interval's start. */
export const originMs = Date.UTC(2026, 0, 1, 12);
const minuteMs = 60_000;

export async function openLakeEnvironment(overrides: Partial<Config> = {}): Promise<LakeEnvironment> {
  const environment = await openEnvironment(overrides);
  const { config, names, postgres, s3 } = environment;
  const cache = makeLakeCache(s3, config.home);
  const log = makeDeltaLog(s3, cache);
  const runStatements = makeRunStatements(config);
  const at = new Map<string, number>();
  let boundaryMs = originMs;
  const offsets = () => [...at].map(([key, offset]) => ({ topic: key.split('/')[0]!, partition: Number(key.split('/')[1]), offset }));
  const layCut = (): Promise<void> => insertCuts(postgres, [{ atMs: boundaryMs, offsets: offsets() }]);
  for (const topic of names.topics)
    for (let partition = 0; partition < config.topicPartitions; partition++) at.set(`${topic}/${partition}`, 0);
  await layCut();

  return {
    ...environment,
    cache,
    log,
    runStatements,
    land: (kind, partition, first, values, appendTimeMs = boundaryMs) =>
      landByHand(environment, kind, partition, first, values, appendTimeMs),
    async closeInterval(to) {
      const start = timeText(boundaryMs);
      for (const [kind, partitions] of Object.entries(to))
        for (const [partition, offset] of Object.entries(partitions)) at.set(`${names.topicOf(kind as Kind)}/${partition}`, offset);
      boundaryMs += minuteMs;
      const end = timeText(boundaryMs);
      await layCut();
      await postgres.execute(`INSERT INTO pinflow.interval (start, "end", state) VALUES ($1, $2, 'cut')`, [start, end]);
      return { start, end };
    },
    async run(interval, run = randomUUID(), over = {}) {
      const store = over.s3 ?? s3;
      const { start } = interval;
      const steps = { s3: store, home: config.home, runStatements, progress: unwatched };
      await beginRun(postgres, { start, run });
      const { planKey, parts, tableGroups } = await planInterval(
        { names, postgres, s3: store, partBytesMax: config.batchPartBytes },
        interval,
        run,
      );
      for (const { index } of parts) await cleanPart(steps, { start, run, planKey, part: index });
      const files = [];
      for (const tables of tableGroups) files.push(...(await selectWinners(steps, { start, run, planKey, tables })));
      const counts = await checkInterval(store, { start, run, planKey, files });
      const published = await publishInterval(
        { postgres, s3: store, log: store === s3 ? log : makeDeltaLog(store, cache) },
        over.codeVersion ?? 'test',
        { start, run, files, counts },
      );
      await discardStaging(store, { start, run }, planKey);
      return published;
    },
    sql: (text, options = {}) => runAdHocSql({ config, postgres, s3, sql: text, ...options }),
  };
}

/** What the landing reader would leave of these records of one partition: a raw object, its landed row, the checkpoint. */
export async function landByHand(
  { names, postgres, s3 }: Environment,
  kind: Kind,
  partition: number,
  first: number,
  values: readonly (Buffer | string | null)[],
  appendTimeMs: number,
): Promise<void> {
  const topic = names.topicOf(kind);
  const records = values.map((value, i): LogRecord => ({
    topic,
    partition,
    offset: first + i,
    appendTimeMs: appendTimeMs + i,
    key: null,
    value: typeof value === 'string' ? Buffer.from(value) : value,
    headers: [],
  }));
  const last = first + records.length - 1;
  const key = rawObjectKey(topic, partition, first, last, appendTimeMs);
  const object = zstdCompressSync(encodeRawLines(records));
  await s3.put(key, object);
  await postgres.execute(
    `INSERT INTO pinflow.landing_range (topic, partition, first_offset, last_offset, epoch, object_key, state, records, object_bytes, landed_at) VALUES ($1, $2, $3, $4, 1, $5, 'landed', $6, $7, now())`,
    [topic, partition, first, last, key, records.length, object.length],
  );
  await postgres.execute(
    `INSERT INTO pinflow.checkpoint (reader, topic, partition, next_offset) VALUES ('landing', $1, $2, $3)
     ON CONFLICT (reader, topic, partition) DO UPDATE SET next_offset = greatest(pinflow.checkpoint.next_offset, excluded.next_offset)`,
    [topic, partition, last + 1],
  );
}

/** A geo row as the REST v2 dialect posts it. */
export function geoJson(ind: number, over: Record<string, unknown> = {}): string {
  return JSON.stringify({
    ind,
    timestamp: '2020-08-28 03:52:47',
    latitude: -89.9787,
    longitude: -173.293,
    country: "Cote d'Ivoire",
    ...over,
  });
}

/** A user row as the REST v2 dialect posts it. */
export function userJson(ind: number, over: Record<string, unknown> = {}): string {
  return JSON.stringify({ ind, first_name: 'Ada', last_name: 'Example', age: 20, date_joined: '2015-10-24T11:23:51', ...over });
}
