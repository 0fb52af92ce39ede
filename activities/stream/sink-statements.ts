import { readFileSync } from 'node:fs';
import type { IdentityRows } from '#activities/stream/reduce-to-identities.ts';
import { parameterColumnsOf, upsertCtes, upsertedCounts } from '#activities/stream/upsert-sql.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { ofKinds } from '#domain/kinds/list.ts';
import type { TopicPartition } from '#domain/terms.ts';

export type Upserted = { applied: number; unchanged: number; superseded: number };

export type SinkStatements = {
  /** Upserts the identities of one partition's batch, and the metrics that follow from them. */
  upsert(statements: Statements, kind: Kind, partition: TopicPartition, identities: IdentityRows): Promise<Upserted>;
};

/** Loads the sink's SQL files; call once a process. */
export function makeSinkStatements(): SinkStatements {
  const load = (name: string): string => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8');
  const pinMetricsSql = load('pin-metrics');
  const upsertSql = ofKinds(({ name }) =>
    name === 'pin'
      ? `WITH ${upsertCtes(name, ['category', 'poster_name', 'follower_count'])}, ${pinMetricsSql}
SELECT ${upsertedCounts}, (SELECT json_agg(corrected) FROM corrected) AS corrected FROM upserted`
      : `WITH ${upsertCtes(name)} SELECT ${upsertedCounts} FROM upserted`,
  );
  const columns = ofKinds(({ name }) => parameterColumnsOf(name).map((column) => column.name));
  const lockProfilesSql = load('lock-profiles');
  const recomputeProfilesSql = load('recompute-profiles');
  return {
    async upsert(statements, kind, partition, identities) {
      if (identities.rows === 0) return { applied: 0, unchanged: 0, superseded: 0 };
      const arrays = columns[kind].map((name) => identities.columns[name] as unknown[]);
      const parameters = [partition.topic, partition.partition, ...arrays, identities.firstOffset, identities.firstAppendTime];
      const [row] = await statements.prepared<Upserted & { corrected?: object[] | null }>(`upsert_${kind}`, upsertSql[kind], parameters);
      if (row === undefined) throw new Error(`upserting ${kind} rows answered nothing`);
      if (row.corrected) {
        const corrected = JSON.stringify(row.corrected);
        await statements.prepared('lock_profiles', lockProfilesSql, [corrected]);
        await statements.prepared('recompute_profiles', recomputeProfilesSql, [corrected]);
      }
      return { applied: row.applied, unchanged: row.unchanged, superseded: row.superseded };
    },
  };
}
