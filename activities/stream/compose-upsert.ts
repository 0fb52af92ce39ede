import { upsertCtes, upsertedCounts } from '#activities/stream/upsert-sql.ts';
import { mergeAssignments } from '#domain/metrics/merge.ts';
import type { StreamMetric } from '#domain/metrics/metric.ts';
import type { SqlOf } from '#domain/metrics/stream-table.ts';
import {
  identitiesRelation,
  keyColumns,
  lockOrder,
  over,
  parametersRelation,
  partialColumns,
  positionColumns,
  streamTableName,
} from '#domain/metrics/stream-table.ts';
import type { Kind } from '#domain/kinds/list.ts';

/** What upserts the identities of a kind together with the metrics that follow it. */
export type ComposedUpsert = {
  /**
   * In: the head's. Out: one row: applied (new identities and changed content), unchanged (newer record, equal content),
   * superseded (identities whose stored content is newer), followed (tables of metrics that the set-up made for this kind),
   * and for each metric with a correction hit_<name>: rows to be computed anew, as JSON text, or NULL.
   */
  sql: string;
  /** What `followed` must be: else other code than this keeps up the metrics. */
  tables: string[];
  corrections: Correction[];
};

/**
 * Two statements, each with the JSON array of hit rows: the first makes sure that they exist and locks them, so that what
 * another transaction adds to one of them is committed before the second looks.
 */
export type Correction = { name: string; hits: `hit_${string}`; lockSql: string; recomputeSql: string };

/** Composes the statements of a kind from the list of metrics. Every transaction locks the rows of a metric in the order of their key. */
export function composeUpsert(kind: Kind, metrics: readonly StreamMetric[], sqlOf: SqlOf): ComposedUpsert {
  const followers = metrics.filter(({ stream }) => stream.kind === kind);
  const reads = new Set(followers.flatMap(({ stream }) => [...stream.reads, ...positionColumns]));
  const ctes = followers.flatMap((metric) => metricCtes(metric, sqlOf));
  const corrections = followers.flatMap((metric) => correctionOf(metric, sqlOf));
  const hits = corrections.map(({ name, hits: column }) => `  (SELECT json_agg(h)::text FROM ${name}_hit AS h) AS ${column},\n`);
  return {
    sql: `WITH ${[upsertCtes(kind, [...reads]), ...ctes].join(', ')}
SELECT
  ${upsertedCounts},
${hits.join('')}  ${followedSql(kind)} AS followed
FROM upserted`,
    tables: followers.map((metric) => streamTableName(metric, sqlOf)).toSorted(),
    corrections,
  };
}

function followedSql(kind: Kind): string {
  return `ARRAY(SELECT table_name FROM pinflow.metric_table WHERE kind = '${kind}' AND dropped_at IS NULL AND retired_at IS NULL ORDER BY table_name COLLATE "C")`;
}

function metricCtes(metric: StreamMetric, sqlOf: SqlOf): string[] {
  const { name, stream } = metric;
  const sets = stream.values.flatMap(mergeAssignments);
  const changes = `${name}_change AS (\n${over(parametersRelation(stream), sqlOf(stream.changesSql))}\n)`;
  const merge = `${name}_merge AS (\n${intoTable(metric, sqlOf, `SELECT * FROM ${name}_change`, sets)}\n)`;
  if (stream.correction === undefined) return [changes, merge];
  return [changes, merge, `${name}_hit AS (\n${over(parametersRelation(stream), sqlOf(stream.correction.hitSql))}\n)`];
}

function correctionOf(metric: StreamMetric, sqlOf: SqlOf): Correction[] {
  const { name, stream } = metric;
  if (stream.correction === undefined) return [];
  const keys = ['topic', 'partition'];
  const row = [...stream.key.map((key) => `${key.name} ${key.postgres}`), 'topic text', 'partition int'].join(', ');
  const hit = `hit AS NOT MATERIALIZED (\n  SELECT * FROM json_to_recordset($1::json) AS h (${row})\n)`;
  const names = [...stream.key.map((key) => key.name), ...keys].join(', ');
  const columns = partialColumns(stream);
  const values = columns.slice(stream.key.length + keys.length);
  const relations = [hit, identitiesRelation(stream), ...parametersRelation(stream)];
  const replace = values.map((value) => `${value} = excluded.${value}`);
  return [
    {
      name,
      hits: `hit_${name}`,
      lockSql: `WITH ${hit}
INSERT INTO ${streamTableName(metric, sqlOf)} AS m (${names}${emptyValues(metric, 'name')})
SELECT ${names}${emptyValues(metric, 'value')} FROM hit
ORDER BY ${lockOrder(stream)}
ON CONFLICT (${keyColumns(stream).join(', ')}) DO UPDATE SET revision = m.revision`,
      recomputeSql: intoTable(metric, sqlOf, over(relations, sqlOf(stream.correction.recomputeSql)), replace),
    },
  ];
}

/** What a row is before anything was added to it, of the columns that may not be NULL. */
function emptyValues({ stream }: StreamMetric, side: 'name' | 'value'): string {
  const empty = { sum: '0', set: `'{}'` } as const;
  return stream.values
    .flatMap(({ name, merge }) => (merge === 'sum' || merge === 'set' ? [`, ${side === 'name' ? name : empty[merge]}`] : []))
    .join('');
}

function intoTable(metric: StreamMetric, sqlOf: SqlOf, select: string, sets: readonly string[]): string {
  const { stream } = metric;
  const columns = partialColumns(stream).join(', ');
  return `INSERT INTO ${streamTableName(metric, sqlOf)} AS m (${columns})
SELECT ${columns} FROM (
${select}
) AS rows
ORDER BY ${lockOrder(stream)}
ON CONFLICT (${keyColumns(stream).join(', ')}) DO UPDATE SET
  ${[...sets, 'revision = m.revision + 1', 'updated_at = now()'].join(',\n  ')}`;
}
