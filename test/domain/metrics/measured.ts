import { takePartition } from '#activities/reader/checkpoints.ts';
import type { Sink } from '#activities/reader/sink.ts';
import { makeSinkStatements } from '#activities/stream/sink-statements.ts';
import { makeStreamSink } from '#activities/stream/stream-sink.ts';
import { openDuckdb } from '#adapters/duckdb/connection.ts';
import { domainSql } from '#adapters/duckdb/sql-files.ts';
import { cleanColumnsOf, definitionOf, kindDefinitions, kinds } from '#domain/kinds/list.ts';
import { isMart, isStreamMetric, streamMetrics } from '#domain/metrics/list.ts';
import type { Mart, Metric } from '#domain/metrics/metric.ts';
import { streamTableName, viewName } from '#domain/metrics/stream-table.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { LogRecord } from '#domain/terms.ts';
import { openStream } from '#test/activities/stream/open-stream.ts';

/** What a client sent, and where and when the broker put it: `second` since `noon`. Its offset is its place among its like. */
export type Event = { kind: Kind; partition: number; second: number; value: Record<string, unknown> };
export type Answer = Record<string, unknown>[];

export const noon = Date.UTC(2026, 0, 1, 12);

/** Columns that tell of the way to an answer, not of what it is of. */
const ofTheWay = new Set(['revision', 'updated_at']);

export type Measured = {
  postgres: Awaited<ReturnType<typeof openStream>>['environment']['postgres'];
  /** A stream that has read nothing; what was there before is forgotten. */
  start(): Promise<{ accept(kind: Kind, partition: number, records: LogRecord[]): Promise<void> }>;
  /** Events as records, in order, a list a partition. */
  toRecords(events: readonly Event[]): { kind: Kind; partition: number; records: LogRecord[] }[];
  /** The answers of all forms that a metric has, over the identities that are there, by form; without `ofTheWay`, sorted. */
  answers(metric: Metric): Promise<Record<string, Answer>>;
  /** What the SELECT of a mart gives, by DuckDB's own word. */
  batchColumns(mart: Mart): Promise<{ name: string; type: string }[]>;
  close(): Promise<void>;
};

/** The stream over real servers, and the batch's SELECTs over the same identities. */
export async function openMeasured(): Promise<Measured> {
  const { environment, cleaner, close } = await openStream();
  const { postgres, names } = environment;
  const duckdb = await openDuckdb({ threads: 1, memoryLimit: '256MB' });
  const statements = makeSinkStatements();
  const tables = [
    ...kindDefinitions.map(({ sinkTable }) => sinkTable),
    ...streamMetrics.map((metric) => streamTableName(metric, domainSql)),
  ];
  return {
    postgres,
    async start() {
      await postgres.execute(`TRUNCATE pinflow.checkpoint, pinflow.stream_batch, ${tables.join(', ')}`);
      const sink: Sink = makeStreamSink({ postgres, names, cleaner, statements, batchRows: 1_000 });
      const begun = new Set<string>();
      return {
        async accept(kind, partition, records) {
          const one = { topic: names.topicOf(kind), partition };
          if (!begun.has(JSON.stringify(one))) await sink.begin(await takePartition(postgres, 'stream', one, 'test', 0));
          begun.add(JSON.stringify(one));
          await sink.accept(one, records);
        },
      };
    },
    toRecords(events) {
      const byPartition = Map.groupBy(events, ({ kind, partition }) => `${kind} ${partition}`);
      return [...byPartition.values()].map((some) => ({
        kind: some[0]!.kind,
        partition: some[0]!.partition,
        records: some.map((event, offset) => toRecord(names.topicOf(event.kind), event, offset)),
      }));
    },
    async answers(metric) {
      const columns = metric.columns.map(({ name }) => name).filter((name) => !ofTheWay.has(name));
      const answers: Record<string, Answer> = {};
      if (isStreamMetric(metric)) answers['stream'] = await postgres.query(`SELECT ${columns.join(', ')} FROM ${viewName(metric)}`);
      if (isMart(metric)) {
        for (const kind of kinds) await duckdb.run(await copyOf(kind));
        answers['batch'] = await duckdb.rows(`SELECT ${columns.join(', ')} FROM (${domainSql(metric.batchSql)})`);
      }
      return Object.fromEntries(Object.entries(answers).map(([form, rows]) => [form, inOrder(rows)]));
    },
    async batchColumns({ batchSql }) {
      for (const kind of kinds) await duckdb.run(await copyOf(kind));
      const described = await duckdb.rows(`DESCRIBE ${domainSql(batchSql)}`);
      const shortNames: Record<string, string> = { 'TIMESTAMP WITH TIME ZONE': 'TIMESTAMPTZ' };
      return described.map((row) => {
        const type = row['column_type'] as string;
        return { name: row['column_name'] as string, type: shortNames[type] ?? type };
      });
    },
    async close() {
      duckdb.close();
      await close();
    },
  };

  /** The identities of a kind as batch sees them: the newest content, under the name of its view. */
  async function copyOf(kind: Kind): Promise<string> {
    const columns = cleanColumnsOf[kind].map(({ name }) => `"${name}"`).join(', ');
    const [found] = await postgres.query<{ rows: string }>(
      `SELECT coalesce(json_agg(rows), '[]')::text AS rows FROM (SELECT ${columns} FROM ${definitionOf[kind].sinkTable}) AS rows`,
    );
    const shape = JSON.stringify([Object.fromEntries(cleanColumnsOf[kind].map(({ name, duckdb: type }) => [name, type]))]);
    return `CREATE OR REPLACE TABLE ${definitionOf[kind].view} AS SELECT unnest(from_json('${found!.rows.replaceAll("'", "''")}', '${shape}'), max_depth := 2)`;
  }
}

function toRecord(topic: string, { partition, second, value }: Event, offset: number): LogRecord {
  return {
    topic,
    partition,
    offset,
    appendTimeMs: noon + second * 1_000,
    key: null,
    value: Buffer.from(JSON.stringify(value)),
    headers: [],
  };
}

/** Rows as JSON has them, in an order of their own: answers have none. */
export function inOrder(rows: Answer): Answer {
  const asJson = JSON.parse(JSON.stringify(rows)) as Answer;
  const byText = (a: string, b: string): number => (a < b ? -1 : 1);
  const keyOf = (row: Answer[number]): string =>
    Object.keys(row)
      .toSorted(byText)
      .map((name) => JSON.stringify([name, row[name]]))
      .join();
  return asJson.toSorted((a, b) => byText(keyOf(a), keyOf(b)));
}
