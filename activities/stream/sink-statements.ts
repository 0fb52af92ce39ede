import { composeUpsert } from '#activities/stream/compose-upsert.ts';
import type { IdentityRows } from '#activities/stream/reduce-to-identities.ts';
import { parameterColumnsOf } from '#activities/stream/upsert-sql.ts';
import { domainSql } from '#adapters/duckdb/sql-files.ts';
import type { Statements } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';
import { streamMetrics } from '#domain/metrics/list.ts';
import type { StreamMetric } from '#domain/metrics/metric.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { TopicPartition } from '#domain/terms.ts';
import { ofKinds } from '#domain/kinds/list.ts';

export type Upserted = { applied: number; unchanged: number; superseded: number };

export type SinkStatements = {
  /** Upserts the identities of one partition's batch, and the metrics that follow from them. */
  upsert: Upsert;
  /** Upserts the identities alone, to tell whether it is a metric that refuses a row; never to be committed. */
  upsertWithoutMetrics: Upsert;
};

export type Upsert = (statements: Statements, kind: Kind, partition: TopicPartition, identities: IdentityRows) => Promise<Upserted>;

/** Composes the sink's statements from the kinds and the list of metrics; call once a process. */
export function makeSinkStatements(metrics: readonly StreamMetric[] = streamMetrics): SinkStatements {
  const composed = ofKinds(({ name }) => composeUpsert(name, metrics, domainSql));
  const alone = ofKinds(({ name }) => composeUpsert(name, [], domainSql));
  return {
    async upsert(statements, kind, partition, identities) {
      if (identities.rows === 0) return nothing;
      const { sql, tables, corrections } = composed[kind];
      const row = await answerOf(statements, `upsert_${kind}`, sql, parametersOf(kind, partition, identities));
      assertFollowed(kind, row.followed, tables);
      for (const { name, hits, lockSql, recomputeSql } of corrections) {
        const hit = row[hits];
        if (hit === null) continue;
        await statements.prepared(`lock_${name}`, lockSql, [hit]);
        await statements.prepared(`recompute_${name}`, recomputeSql, [hit]);
      }
      return { applied: row.applied, unchanged: row.unchanged, superseded: row.superseded };
    },
    async upsertWithoutMetrics(statements, kind, partition, identities) {
      if (identities.rows === 0) return nothing;
      return answerOf(statements, `upsert_${kind}_alone`, alone[kind].sql, parametersOf(kind, partition, identities));
    },
  };
}

const nothing: Upserted = { applied: 0, unchanged: 0, superseded: 0 };
const columns = ofKinds(({ name }) => parameterColumnsOf(name).map((column) => column.name));

function parametersOf(kind: Kind, { topic, partition }: TopicPartition, identities: IdentityRows): unknown[] {
  const arrays = columns[kind].map((name) => identities.columns[name] as unknown[]);
  return [topic, partition, ...arrays, identities.firstOffset, identities.firstAppendTime];
}

async function answerOf(statements: Statements, name: string, sql: string, parameters: unknown[]): Promise<UpsertAnswer> {
  const [row] = await statements.prepared<UpsertAnswer>(name, sql, parameters);
  if (row === undefined) throw new Error(`${name} answered nothing`);
  return row;
}

type UpsertAnswer = Upserted & { followed: string[] } & Record<`hit_${string}`, string | null>;

/**
 * The set-up makes and fills a metric's table while no sink writes. Code that does not know the table may not write after
 * that: the metric would never see those rows.
 */
function assertFollowed(kind: Kind, followed: readonly string[], tables: readonly string[]): void {
  if (JSON.stringify(followed) === JSON.stringify(tables)) return;
  throw new Failure(
    'not_ready',
    `The metrics of ${kind} rows are kept in ${followed.join(', ') || 'no table'}, and this code keeps ${tables.join(', ') || 'none'}: run the workers and node workers/setup.ts from the same version.`,
  );
}
