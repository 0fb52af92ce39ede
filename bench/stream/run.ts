import { setTimeout as delay } from 'node:timers/promises';
import { makePostgres } from '#adapters/postgres.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makeDatabase, removeDatabase } from '#bench/measure/database.ts';
import { startPartsMeter } from '#bench/measure/meter.ts';
import { listenersOf, memoryOf } from '#bench/measure/processes.ts';
import type { Contender, Outcome, Rig } from '#bench/stream/contender.ts';
import type { Preloaded } from '#bench/stream/preload.ts';
import { failureOf } from '#stack/wait-until-ready.ts';

/** One drain of the topic, from the first record to the last. */
export type Run = Outcome & {
  recordsPerS: number;
  /** From when it was let read until its first checkpoint moved. */
  firstS: number;
  /** CPU microseconds a record, from when it was let read to the last row. */
  processUs: number | undefined;
  postgresUs: number | undefined;
  rssBytes: number | undefined;
  /** Cores that were busy with neither the run nor what this benchmark itself started. */
  foreignCores: number | undefined;
  /** What does not add up, as sentences; empty in a good run. */
  problems: string[];
};

/** Each look costs Postgres about 0.1 ms. */
const lookMs = 50;
/** A drain whose checkpoints stand still so long is stuck. */
const stuckMs = 60_000;
const statementMs = 60_000;

/** Opens the contender on a database of its own, lets it drain the topic, and looks at what it left. */
export async function measureRun(
  rig: Rig,
  preloaded: Preloaded,
  database: string,
  open: (databaseUrl: string, postgres: Postgres) => Promise<Contender>,
  drained: (drain: () => Promise<void>, postgres: Postgres) => Promise<void> = (drain) => drain(),
): Promise<Run> {
  const url = await makeDatabase(rig.config.postgresUrl, database);
  const postgres = makePostgres({ url, applicationName: 'pinflow-bench', connectionsMax: 2, statementTimeoutMs: statementMs });
  let contender: Contender | undefined;
  try {
    contender = await open(url, postgres);
    const { hostname, port } = new URL(url);
    const parts = { process: [contender.child.pid], postgres: listenersOf([`${hostname}:${port}`]) };
    const stop = startPartsMeter(parts);
    let times = { firstS: Number.NaN, drainS: Number.NaN };
    await drained(async () => {
      times = await drain(contender!, postgres, preloaded.records, rig.signal);
    }, postgres);
    const { seen } = stop();
    const { rssBytes } = memoryOf(parts.process);
    const perRecord = (cpuS: number): number => (cpuS / preloaded.records) * 1e6;
    const [outcome] = await postgres.query<Outcome>(contender.outcomeSql);
    return {
      ...outcome!,
      recordsPerS: preloaded.records / times.drainS,
      firstS: times.firstS,
      processUs: seen && perRecord(seen.cpuS.process),
      postgresUs: seen && parts.postgres.length > 0 ? perRecord(seen.cpuS.postgres) : undefined,
      rssBytes: seen && rssBytes,
      foreignCores: seen?.foreignCores,
      problems: findMisfits(preloaded, outcome!),
    };
  } finally {
    await contender?.close();
    await postgres.close();
    await removeDatabase(url);
  }
}

/**
 * Lets it read and watches its checkpoints. The clock of the drain begins at the last look at which none had moved, so that
 * the first batch is in it.
 * @throws Failure where the process ends or stands still.
 */
async function drain(
  contender: Contender,
  postgres: Postgres,
  records: number,
  signal: AbortSignal,
): Promise<{ firstS: number; drainS: number }> {
  const { child, progressSql } = contender;
  const begunAt = performance.now();
  await contender.begin();
  let readingAt = begunAt;
  let movedAt = begunAt;
  for (let seen = 0; ;) {
    signal.throwIfAborted();
    const lookedAt = performance.now();
    const [row] = await postgres.prepared<{ n: number }>('progress', progressSql, []);
    const n = row?.n ?? 0;
    if (n === 0) readingAt = lookedAt;
    if (n > seen) movedAt = performance.now();
    seen = n;
    if (n >= records) return { firstS: (readingAt - begunAt) / 1_000, drainS: (movedAt - readingAt) / 1_000 };
    if (child.hasExited()) throw failureOf(child, child.name, `${await child.exited} after ${n} of ${records} records`);
    if (performance.now() - movedAt > stuckMs) throw failureOf(child, child.name, `stands still after ${n} of ${records} records`);
    await delay(lookMs);
  }
}

/** The account of a run: every record applied once, one row an identity. */
export function findMisfits({ records, identities }: Preloaded, outcome: Outcome): string[] {
  return [
    ...(outcome.rows === identities ? [] : [`${identities} identities are in the log, but the table holds ${outcome.rows} rows.`]),
    ...(outcome.records === records ? [] : [`${records} records are in the log, but the transactions applied ${outcome.records}.`]),
  ];
}
