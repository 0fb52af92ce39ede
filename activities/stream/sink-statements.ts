import { readFileSync } from 'node:fs';
import type { IdentityRows } from '#activities/stream/reduce-to-identities.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { Kind, TopicPartition } from '#domain/terms.ts';

export type Upserted = { applied: number; unchanged: number; superseded: number };

export type SinkStatements = {
  /** Upserts the identities of one partition's batch, and the metrics that follow from them. */
  upsert(statements: Statements, kind: Kind, partition: TopicPartition, identities: IdentityRows): Promise<Upserted>;
};

/** Array parameters of upsert-<kind>.sql in their order; names as cleaning puts them out. */
const parameterColumns: Record<Kind, readonly string[]> = {
  pin: [
    'unique_id',
    'ind',
    'title',
    'description',
    'follower_count',
    'poster_name',
    'tag_list',
    'is_image_or_video',
    'image_src',
    'save_location',
    'category',
    'downloaded',
    'nulled',
    'extra',
    'offset',
    'append_time',
    'event_id',
    'received_at',
  ],
  geo: ['ind', 'country', 'timestamp', 'latitude', 'longitude', 'nulled', 'extra', 'offset', 'append_time', 'event_id', 'received_at'],
  user: ['ind', 'user_name', 'age', 'date_joined', 'nulled', 'extra', 'offset', 'append_time', 'event_id', 'received_at'],
};

/** Loads the sink's SQL files; call once a process. */
export function makeSinkStatements(): SinkStatements {
  const load = (name: string): string => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8');
  const upsertSql: Record<Kind, string> = { pin: load('upsert-pin'), geo: load('upsert-geo'), user: load('upsert-user') };
  const lockProfilesSql = load('lock-profiles');
  const recomputeProfilesSql = load('recompute-profiles');
  return {
    async upsert(statements, kind, partition, identities) {
      if (identities.rows === 0) return { applied: 0, unchanged: 0, superseded: 0 };
      const arrays = parameterColumns[kind].map((name) => identities.columns[name] as unknown[]);
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
