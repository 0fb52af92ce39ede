import type { Statements } from '#adapters/postgres.ts';
import type { Followed } from '#domain/answers/follow.ts';
import { timeText } from '#domain/intervals.ts';
import type { TopicPartition } from '#domain/terms.ts';

type Row = {
  streamed: boolean | null;
  stream_said: string | null;
  object_key: string | null;
  landed: boolean | null;
  interval_start: Date | null;
  interval_state: string | null;
  generation: number | null;
};

/** How far a record that Kafka has acked has come: in Postgres, in a raw object, in the lake. */
export async function followRecord(
  statements: Pick<Statements, 'query'>,
  { topic, partition }: TopicPartition,
  offset: number,
): Promise<Followed> {
  const [row] = await statements.query<Row>(followSql, [topic, partition, offset]);
  const { streamed, stream_said: said, object_key: key, landed, interval_start: start, interval_state: state, generation } = row!;
  const isLanded = landed === true;
  return {
    topic,
    partition,
    offset,
    steps: [
      { name: 'kafka', isDone: true, says: `acked as offset ${offset} of ${topic}/${partition}` },
      {
        name: 'postgres',
        isDone: streamed === true,
        says: streamed === true ? (said ?? 'applied: a row, or a later one of its identity stands') : 'the stream has not come to it yet',
      },
      { name: 'raw', isDone: isLanded, says: isLanded ? `in ${key ?? 'a raw object'}` : 'raw objects are written at least once a minute' },
      {
        name: 'lake',
        isDone: state === 'complete',
        says:
          start === null || state === null
            ? 'its interval has not closed yet'
            : `interval ${timeText(start.getTime())} is ${state}${state === 'complete' && generation !== null ? `, generation ${generation}` : ''}`,
      },
    ],
  };
}

/** Its interval ends at the first cut beyond it. */
const followSql = `
  SELECT
    (SELECT next_offset > $3 FROM pinflow.checkpoint WHERE reader = 'stream' AND topic = $1 AND partition = $2) AS streamed,
    coalesce(
      (SELECT 'rejected: ' || reason FROM pinflow.stream_reject WHERE topic = $1 AND partition = $2 AND "offset" = $3),
      (SELECT 'a dead letter: ' || message FROM pinflow.dead_letter WHERE topic = $1 AND partition = $2 AND "offset" = $3)
    ) AS stream_said,
    r.object_key, r.state = 'landed' AS landed, i.start AS interval_start, i.state AS interval_state, i.generation
  FROM (SELECT 1) one
  LEFT JOIN LATERAL (
    SELECT object_key, state FROM pinflow.landing_range
    WHERE topic = $1 AND partition = $2 AND first_offset <= $3 AND last_offset >= $3 ORDER BY first_offset DESC LIMIT 1
  ) r ON true
  LEFT JOIN LATERAL (
    SELECT at FROM pinflow.cut WHERE topic = $1 AND partition = $2 AND "offset" > $3 ORDER BY at LIMIT 1
  ) k ON true
  LEFT JOIN pinflow.interval i ON i."end" = k.at`;
