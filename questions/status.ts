import { readBucket } from '#setup/choose-bucket.ts';
import { measureAppendAges } from '#questions/append-age.ts';
import type { Endpoints } from '#questions/endpoints.ts';
import { apiUrlOf, describeEndpoints } from '#questions/endpoints.ts';
import type { Config } from '#adapters/config.ts';
import type { KafkaTopics, PartitionOffsets } from '#adapters/kafka/topics.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { sqlStateOf } from '#adapters/postgres-failure.ts';
import { askS3 } from '#adapters/s3-endpoint.ts';
import type { TemporalClient } from '#adapters/temporal.ts';
import { askTemporal, isMissingInTemporal } from '#adapters/temporal.ts';
import { Failure } from '#domain/failures.ts';
import type { Names } from '#domain/names.ts';
import type {
  CleanupStatus,
  GenerationStatus,
  IntervalStatus,
  OrchestrationStatus,
  PartitionStatus,
  PipelineStatus,
  ReaderStatus,
  ServerName,
  Unreachable,
} from '#domain/status.ts';
import { readLakeStatus } from '#questions/lake-status.ts';
import { isUnreachable, lagRecordsOf, problemsOf, totalLagOf } from '#domain/status.ts';

export type StatusDependencies = {
  config: Config;
  names: Names;
  postgres: Postgres;
  topics: Pick<KafkaTopics, 'fetchOffsets' | 'fetchOffsetsAtTime'>;
};
export type Status = PipelineStatus<Endpoints>;

const UNDEFINED_TABLE = '42P01';
const probeMs = 2_000;
const intervalsShown = 5;

/** Looks at every part side by side; never rejects because one of them is down. */
export async function getStatus({ config, names, postgres, topics }: StatusDependencies): Promise<Status> {
  const log = part(() => readLog(names, topics));
  const readerOf = (reader: 'stream' | 'landing') =>
    part(async () => {
      const offsets = await log;
      if (isUnreachable(offsets)) throw new Error(offsets.error);
      return readReader({ reader, names, postgres, topics, offsets });
    });
  const [bucket, stream, landing, ledger, generation, lake, cleanup, api, s3, temporal, offsets] = await Promise.all([
    part(async () => ({ name: await readBucket(postgres, config) })),
    readerOf('stream'),
    readerOf('landing'),
    part(() => readIntervals(postgres)),
    partOrNull(() => readGeneration(postgres)),
    part(() => readLakeStatus(postgres)),
    part(() => readCleanup(postgres)),
    part(() => probeApi(`${apiUrlOf(config)}/readyz`)),
    part(() => probeS3(config)),
    part(() => readOrchestration(config, names)),
    log,
  ]);
  const status: Omit<Status, 'problems'> = {
    at: new Date().toISOString(),
    endpoints: describeEndpoints(config, isUnreachable(bucket) ? null : bucket.name),
    servers: { api: stateOf(api), kafka: stateOf(offsets), s3: stateOf(s3), postgres: stateOf(ledger), temporal: stateOf(temporal) },
    orchestration: temporal,
    stream,
    landing,
    intervals: isUnreachable(ledger) ? ledger : ledger.intervals,
    heldIntervals: isUnreachable(ledger) ? null : ledger.held,
    backingOff: isUnreachable(ledger) ? null : ledger.backingOff,
    generation,
    lake,
    cleanup,
  };
  return { ...status, problems: problemsOf(status) };
}

/** Runs one look; what went wrong becomes the part's text. */
async function part<Result extends object>(look: () => Promise<Result>): Promise<Result | Unreachable> {
  try {
    return await look();
  } catch (error) {
    if (sqlStateOf(error) === UNDEFINED_TABLE) return { error: 'the tables are not there yet: the set-up (workers/setup.ts) creates them' };
    return { error: (error as Error).message };
  }
}

async function partOrNull<Result extends object>(look: () => Promise<Result | null>): Promise<Result | Unreachable | null> {
  const result = await part(async () => ({ value: await look() }));
  return isUnreachable(result) ? result : result.value;
}

const up = {};

function stateOf(looked: object): Status['servers'][ServerName] {
  return isUnreachable(looked) ? looked : 'up';
}

/** Any answer proves that a server is there; what it thinks of the request is another matter. AWS is not asked. */
async function probeS3(config: Config): Promise<object> {
  const { s3Endpoint: endpoint } = config;
  if (endpoint === undefined) return up;
  try {
    await askS3(config, new URL(endpoint), { method: 'GET', timeoutMs: probeMs });
  } catch (error) {
    throw error instanceof Failure ? error : unreachable(endpoint, error);
  }
  return up;
}

function unreachable(url: string, error: unknown): Error {
  const { name, code, cause, message } = error as Error & { code?: string; cause?: { code?: string } };
  const reason = /^(Abort|Timeout)Error$/.test(name) ? `no answer within ${probeMs} ms` : (cause?.code ?? code ?? message);
  return new Error(`${new URL(url).origin} cannot be reached (${reason})`, { cause: error });
}

/** Whether the door takes events; a door that stands but refuses them says why. */
async function probeApi(url: string): Promise<object> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(probeMs) }).catch((error: unknown) => {
    throw unreachable(url, error);
  });
  if (answer.status !== 200) throw new Error(`refuses events (${answer.status}): ${(await answer.text()).slice(0, 300)}`);
  return up;
}

/** The schedule and the readers' workflows; rejects when Temporal cannot be reached. */
async function readOrchestration(config: Config, names: Names): Promise<OrchestrationStatus> {
  return askTemporal({ ...config, connectTimeoutMs: probeMs }, probeMs, async (client) => {
    const [schedule, stream, landing] = await Promise.all([
      orMissing(
        async () => ((await client.schedule.getHandle(names.scheduleId).describe()).state.paused ? 'paused' : 'active'),
        'missing' as const,
      ),
      describeReader(client, names.workflowIds.stream),
      describeReader(client, names.workflowIds.landing),
    ]);
    return {
      schedule,
      readers: { stream: stream.run, landing: landing.run },
      modes: { stream: stream.mode, landing: landing.mode },
    };
  });
}

/** Whether the workflow runs, and what it says that it does (search attribute PinState). */
async function describeReader(client: TemporalClient, id: string): Promise<{ run: string; mode: string | null }> {
  return orMissing(
    async () => {
      const { status, typedSearchAttributes } = await client.workflow.getHandle(id).describe();
      const mode = typedSearchAttributes.getAll().find(({ key }) => key.name === 'PinState')?.value;
      return { run: status.name, mode: typeof mode === 'string' ? mode : null };
    },
    { run: 'MISSING', mode: null },
  );
}

async function orMissing<Found, Missing>(look: () => Promise<Found>, missing: Missing): Promise<Found | Missing> {
  try {
    return await look();
  } catch (error) {
    if (isMissingInTemporal(error)) return missing;
    throw error;
  }
}

type LogOffsets = Map<string, PartitionOffsets[]>;

/** One topic after the other: the first request finds out alone whether the idle connection still holds. */
async function readLog(names: Names, topics: StatusDependencies['topics']): Promise<LogOffsets> {
  const offsets: LogOffsets = new Map();
  for (const topic of names.topics) offsets.set(topic, await topics.fetchOffsets(topic));
  return offsets;
}

type Checkpoint = {
  topic: string;
  partition: number;
  next_offset: number;
  gap_offsets: number;
  owner: string;
  problem: string | null;
  idle_seconds: number;
};

/** A landing range that is fixed but not landed yet is not in the sink: the checkpoint counts from its first offset. */
const selectCheckpoints = `
  SELECT p.topic, p.partition, p.owner, p.problem, p.gap_offsets, extract(epoch FROM now() - p.updated_at)::double precision AS idle_seconds,
    least(p.next_offset, (SELECT min(r.first_offset) FROM pinflow.landing_range r
      WHERE p.reader = 'landing' AND r.topic = p.topic AND r.partition = p.partition AND r.state = 'fixed')) AS next_offset
  FROM pinflow.checkpoint p WHERE p.reader = $1 AND p.topic = ANY($2)`;

type ReaderLook = Pick<StatusDependencies, 'names' | 'postgres' | 'topics'> & { reader: 'stream' | 'landing'; offsets: LogOffsets };

async function readReader({ reader, names, postgres, topics, offsets }: ReaderLook): Promise<ReaderStatus> {
  const checkpoints = await postgres.query<Checkpoint>(selectCheckpoints, [reader, names.topics]);
  const perTopic = await Promise.all(names.topics.map((topic) => readTopic(topics, topic, offsets.get(topic) ?? [], checkpoints)));
  const idle = checkpoints.map(({ idle_seconds }) => idle_seconds);
  return totalLagOf(perTopic.flat(), idle.length === 0 ? null : roundTo10th(Math.min(...idle)));
}

async function readTopic(
  topics: StatusDependencies['topics'],
  topic: string,
  offsets: PartitionOffsets[],
  checkpoints: Checkpoint[],
): Promise<PartitionStatus[]> {
  const checkpointOf = (partition: number): Checkpoint | undefined =>
    checkpoints.find((one) => one.topic === topic && one.partition === partition);
  const nextOffsetOf = ({ partition, low }: PartitionOffsets): number => checkpointOf(partition)?.next_offset ?? low;
  const lagOf = (one: PartitionOffsets): number => lagRecordsOf({ nextOffset: nextOffsetOf(one), low: one.low, high: one.high });
  const unread = offsets
    .filter((one) => lagOf(one) > 0)
    .map((one) => ({ partition: one.partition, offset: Math.max(nextOffsetOf(one), one.low) }));
  const ages = await measureAppendAges(topics, topic, unread, Date.now());
  return offsets.map((one) => ({
    topic,
    partition: one.partition,
    nextOffset: nextOffsetOf(one),
    highWatermark: one.high,
    lagRecords: lagOf(one),
    lagSeconds: roundTo10th(ages.get(one.partition) ?? 0),
    gapOffsets: checkpointOf(one.partition)?.gap_offsets ?? 0,
    owner: checkpointOf(one.partition)?.owner ?? '',
    problem: checkpointOf(one.partition)?.problem ?? null,
  }));
}

function roundTo10th(value: number): number {
  return Math.round(value * 10) / 10;
}

type Ledger = { intervals: IntervalStatus[]; held: number; backingOff: NonNullable<Status['backingOff']> };
type IntervalRow = Omit<IntervalStatus, 'start' | 'end' | 'nextTry'> & { start: Date; end: Date; next_try: Date | null };

async function readIntervals(postgres: Postgres): Promise<Ledger> {
  const [rows, [counts], [oldest]] = await Promise.all([
    postgres.query<IntervalRow>(
      `SELECT start, "end", state, records, clean, rejects, duplicates, generation, problem, not_before AS next_try
       FROM pinflow.interval ORDER BY start DESC LIMIT $1`,
      [intervalsShown],
    ),
    postgres.query<{ held: number; backing_off: number }>(
      `SELECT count(*) FILTER (WHERE state = 'held') AS held, count(*) FILTER (WHERE state = 'backing_off') AS backing_off
       FROM pinflow.interval WHERE state <> 'complete'`,
    ),
    postgres.query<Pick<IntervalRow, 'start' | 'problem' | 'next_try'>>(
      `SELECT start, problem, not_before AS next_try FROM pinflow.interval WHERE state = 'backing_off' ORDER BY start LIMIT 1`,
    ),
  ]);
  const timeOf = (time: Date | null): string | null => (time === null ? null : isoOf(time));
  return {
    intervals: rows.map(({ start, end, next_try: next, ...row }) => ({
      ...row,
      start: isoOf(start),
      end: isoOf(end),
      nextTry: timeOf(next),
    })),
    held: counts?.held ?? 0,
    backingOff: {
      count: counts?.backing_off ?? 0,
      oldest: oldest === undefined ? null : { start: isoOf(oldest.start), problem: oldest.problem, nextTry: timeOf(oldest.next_try) },
    },
  };
}

async function readGeneration(postgres: Postgres): Promise<GenerationStatus | null> {
  const [row] = await postgres.query<{ id: number; published_at: Date }>(
    'SELECT id, published_at FROM pinflow.generation ORDER BY id DESC LIMIT 1',
  );
  return row === undefined ? null : { id: row.id, publishedAt: row.published_at.toISOString() };
}

async function readCleanup(postgres: Postgres): Promise<CleanupStatus[]> {
  const rows = await postgres.query<Omit<CleanupStatus, 'at'> & { at: Date }>(
    'SELECT target, ended_at AS at, removed, removed_total AS "removedTotal", problem FROM pinflow.cleanup ORDER BY target',
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

/** Interval bounds lie on whole seconds: RFC 3339 without a fraction, as in workflow ids. */
function isoOf(time: Date): string {
  return time.toISOString().replace('.000Z', 'Z');
}
