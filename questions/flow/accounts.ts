import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { Account } from '#domain/answers/flow.ts';
import type { Accounts } from '#domain/flow/edges.ts';
import { accountOf } from '#domain/flow/edges.ts';
import type { Names } from '#domain/names.ts';

export type AccountDependencies = {
  names: Names;
  postgres: Pick<Statements, 'query'>;
  topics: Pick<KafkaTopics, 'fetchOffsets' | 'fetchOffsetsAtTime'>;
};

/** Door and readers are accounted for over this span of append time, the batch over a day: their tables grow with history. */
const spanMs = 600_000;
const over = 'the last 10 minutes';
const overBatch = 'intervals of the last 24 hours';

type Since = { topics: string[]; partitions: number[]; offsets: number[] };

/**
 * Whether what went into each part came out of it. What a reader has is read in one statement, and the end of the log
 * after it: what is under way counts as waiting, never as a difference.
 */
export async function readAccounts({ names, postgres, topics }: AccountDependencies): Promise<Accounts> {
  const since = await findSince(names, topics, Date.now() - spanMs);
  const parameters = [since.topics, since.partitions, since.offsets];
  const [door] = await postgres.query<DoorRow>(doorSql, parameters);
  const landing = await postgres.query<ReaderRow>(landingSql, parameters);
  const stream = await postgres.query<ReaderRow>(streamSql, parameters);
  const ends = await fetchEnds(names, topics);
  const [batch] = await postgres.query<BatchRow>(batchSql);
  return {
    door: doorAccount(door!, ends),
    landing: readerAccount(landing, ends),
    stream: readerAccount(stream, ends),
    batch: accountOf({
      over: overBatch,
      in: batch!.records + batch!.waiting,
      out: batch!.clean,
      rejected: batch!.rejects,
      duplicates: batch!.duplicates,
      waiting: batch!.waiting,
      gaps: 0,
    }),
    publish: accountOf({ over: overBatch, in: batch!.clean, out: batch!.published, rejected: 0, duplicates: 0, waiting: 0, gaps: 0 }),
  };
}

/** Records and clean rows a second that intervals brought to the lake of late. */
export async function readPublishRate(postgres: Pick<Statements, 'query'>): Promise<{ records: number; clean: number }> {
  const [row] = await postgres.query<{ records: number; clean: number }>(publishRateSql);
  return row!;
}

async function findSince(names: Names, topics: AccountDependencies['topics'], timeMs: number): Promise<Since> {
  const since: Since = { topics: [], partitions: [], offsets: [] };
  for (const topic of names.topics)
    for (const { partition, offset } of await topics.fetchOffsetsAtTime(topic, timeMs)) {
      since.topics.push(topic);
      since.partitions.push(partition);
      since.offsets.push(offset);
    }
  return since;
}

async function fetchEnds(names: Names, topics: AccountDependencies['topics']): Promise<ReadonlyMap<string, number>> {
  const ends = new Map<string, number>();
  for (const topic of names.topics)
    for (const { partition, high } of await topics.fetchOffsets(topic)) ends.set(`${topic}/${partition}`, high);
  return ends;
}

type DoorRow = { acked: number; refused: number; last: { topic: string; partition: number; last_offset: number }[] | null };

/** What was acked and is not in the log would be lost. */
function doorAccount({ acked, refused, last }: DoorRow, ends: ReadonlyMap<string, number>): Account {
  const lost = (last ?? []).reduce(
    (sum, { topic, partition, last_offset: offset }) => sum + Math.max(0, offset + 1 - (ends.get(`${topic}/${partition}`) ?? 0)),
    0,
  );
  return accountOf({ over, in: acked + refused, out: acked - lost, rejected: refused, duplicates: 0, waiting: 0, gaps: 0 });
}

type ReaderRow = { topic: string; partition: number; first: number | null; next: number; done: number; rejected: number; gaps: number };

/** From the first batch or range of the span on; a partition without one has only what waits. */
function readerAccount(rows: readonly ReaderRow[], ends: ReadonlyMap<string, number>): Account {
  const parts = { over, in: 0, out: 0, rejected: 0, duplicates: 0, waiting: 0, gaps: 0 };
  for (const { topic, partition, first, next, done, rejected, gaps } of rows) {
    const end = ends.get(`${topic}/${partition}`) ?? next;
    parts.in += end - (first ?? next);
    parts.out += done;
    parts.rejected += rejected;
    parts.gaps += gaps;
    parts.waiting += end - next;
  }
  return accountOf(parts);
}

const sinceSql = `since AS (SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[]) AS s (topic, partition, first))`;

const doorSql = `WITH ${sinceSql},
  acks AS (
    SELECT a.topic, a.partition, sum(a.last_offset - greatest(a.first_offset, s.first) + 1)::bigint AS acked, max(a.last_offset) AS last_offset
    FROM since s JOIN pinflow.door_ack a USING (topic, partition) WHERE a.last_offset >= s.first GROUP BY a.topic, a.partition
  )
  SELECT coalesce(sum(acked), 0)::bigint AS acked, json_agg(acks) AS last,
    (SELECT coalesce(sum(count), 0)::bigint FROM pinflow.door_refusal WHERE minute >= now() - interval '${spanMs / 1_000} s') AS refused
  FROM acks`;

/** Of a range that is fixed but not landed nothing is done yet. */
const landingSql = `WITH ${sinceSql}
  SELECT c.topic, c.partition, r.first, coalesce(r.unlanded, c.next_offset) AS next, coalesce(r.done, 0) AS done, 0 AS rejected, coalesce(r.gaps, 0) AS gaps
  FROM since s JOIN pinflow.checkpoint c USING (topic, partition)
  LEFT JOIN LATERAL (
    SELECT min(first_offset) FILTER (WHERE state = 'landed') AS first, min(first_offset) FILTER (WHERE state = 'fixed') AS unlanded,
      sum(records) FILTER (WHERE state = 'landed')::bigint AS done,
      sum((SELECT coalesce(sum(upper(g) - lower(g)), 0) FROM unnest(gaps) AS g)) FILTER (WHERE state = 'landed')::bigint AS gaps
    FROM pinflow.landing_range l WHERE l.topic = s.topic AND l.partition = s.partition AND l.first_offset >= s.first
  ) r ON true
  WHERE c.reader = 'landing'`;

const streamSql = `WITH ${sinceSql}
  SELECT c.topic, c.partition, b.first, c.next_offset AS next, coalesce(b.done, 0) AS done, coalesce(b.rejected, 0) AS rejected, coalesce(b.gaps, 0) AS gaps
  FROM since s JOIN pinflow.checkpoint c USING (topic, partition)
  LEFT JOIN LATERAL (
    SELECT min(first_offset) AS first, sum(applied + superseded + unchanged)::bigint AS done, sum(rejected + dead)::bigint AS rejected,
      sum((SELECT coalesce(sum(upper(g) - lower(g)), 0) FROM unnest(gaps) AS g))::bigint AS gaps
    FROM pinflow.stream_batch t WHERE t.topic = s.topic AND t.partition = s.partition AND t.first_offset >= s.first
  ) b ON true
  WHERE c.reader = 'stream'`;

type BatchRow = { records: number; clean: number; rejects: number; duplicates: number; published: number; waiting: number };

/** What waits is landed and in no complete interval; all intervals before the newest complete one count as complete. */
const batchSql = `
  WITH complete AS (
    SELECT i.*, g.clean AS published FROM pinflow.interval i LEFT JOIN pinflow.generation g ON g.id = i.generation
    WHERE i.start >= now() - interval '24 hours' AND i.state = 'complete'
  ), newest AS (SELECT max("end") AS at FROM complete)
  SELECT coalesce(sum(records), 0)::bigint AS records, coalesce(sum(clean), 0)::bigint AS clean, coalesce(sum(rejects), 0)::bigint AS rejects,
    coalesce(sum(duplicates), 0)::bigint AS duplicates, coalesce(sum(coalesce(published, clean)), 0)::bigint AS published,
    (SELECT coalesce(sum(greatest(p.next_offset - coalesce(k."offset", 0), 0)), 0)::bigint
     FROM pinflow.checkpoint p LEFT JOIN pinflow.cut k ON k.topic = p.topic AND k.partition = p.partition AND k.at = (SELECT at FROM newest)
     WHERE p.reader = 'landing') AS waiting
  FROM complete`;

/** The newest rows alone: the table grows with each publish. */
const publishRateSql = `
  SELECT coalesce(sum(records), 0) / 300.0::float8 AS records, coalesce(sum(clean), 0) / 300.0::float8 AS clean
  FROM (SELECT * FROM pinflow.generation ORDER BY id DESC LIMIT 500) newest
  WHERE cause = 'interval' AND published_at > now() - interval '300 s'`;
