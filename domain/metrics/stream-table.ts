import { createHash } from 'node:crypto';
import { definitionOf } from '#domain/kinds/list.ts';
import { columnsOfValue, mergeAssignments, mergedValue } from '#domain/metrics/merge.ts';
import type { KeyColumn, StreamForm, StreamMetric } from '#domain/metrics/metric.ts';
import { literal } from '#domain/sql-text.ts';

/** Gives the text of an SQL file by its name below domain/. */
export type SqlOf = (name: string) => string;

/** An identity's position, in every sink table. */
export const positionColumns = ['first_topic', 'first_partition', 'first_offset', 'first_append_time'] as const;

/** The view of a metric of the stream: its name for everybody. */
export function viewName({ name }: { name: string }): string {
  return `metrics.${name}`;
}

/**
 * The table of a metric's partial results. Its name tells the shape, so that code never writes to a table of another shape:
 * where another version of the code made the tables, this one finds none.
 */
export function streamTableName(metric: StreamMetric, sqlOf: SqlOf): string {
  return `${viewName(metric)}_${streamShape(metric, sqlOf).slice(0, 8)}`;
}

/** SHA-256 of what the table's rows depend on: its columns, the SELECTs that fill it, their parameters, how rows meet; no comments. */
export function streamShape({ stream }: StreamMetric, sqlOf: SqlOf): string {
  const { kind, values, parameters, changesSql, correction } = stream;
  const texts = [changesSql, correction?.hitSql, correction?.recomputeSql].map((name) => name && withoutComments(sqlOf(name)));
  return sha256(JSON.stringify([kind, tableColumns(stream), values.flatMap(mergeAssignments), parameters, texts]));
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function withoutComments(sql: string): string {
  return sql
    .replaceAll(/^\s*--.*$/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** Columns that SELECTs of changes give, in the order of the table. */
export function partialColumns({ key, values }: StreamForm): string[] {
  return [...key.map(({ name }) => name), 'topic', 'partition', ...values.flatMap(columnsOfValue).map(([name]) => name)];
}

/** Columns of the primary key. */
export function keyColumns({ key }: StreamForm): string[] {
  return [...key.map(({ name, long }) => (long === undefined ? name : `${name}_hash`)), 'topic', 'partition'];
}

/** The primary key over a relation that has no hashes: the order in which rows are locked. */
export function lockOrder({ key }: StreamForm): string {
  return [...key.map((one) => (one.long === undefined ? one.name : hashOf(one))), 'topic', 'partition'].join(', ');
}

function hashOf({ name, long }: KeyColumn): string {
  return long === 'or NULL' ? `coalesce(md5(${name}), '')` : `md5(${name})`;
}

export function createTableSql(table: string, stream: StreamForm): string {
  const columns = tableColumns(stream).join(',\n  ');
  return `CREATE TABLE ${table} (\n  ${columns}\n) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02)`;
}

function tableColumns(stream: StreamForm): string[] {
  const keys = stream.key.flatMap((one) =>
    one.long === undefined
      ? [`${one.name} ${one.postgres} NOT NULL`]
      : [
          `${one.name} ${one.postgres}${one.long === 'or NULL' ? '' : ' NOT NULL'}`,
          `${one.name}_hash text NOT NULL GENERATED ALWAYS AS (${hashOf(one)}) STORED`,
        ],
  );
  return [
    ...keys,
    'topic text NOT NULL',
    'partition int NOT NULL',
    ...stream.values.flatMap(columnsOfValue).map(([name, definition]) => `${name} ${definition}`),
    'revision bigint NOT NULL DEFAULT 1',
    'updated_at timestamptz NOT NULL DEFAULT now()',
    `PRIMARY KEY (${keyColumns(stream).join(', ')})`,
  ];
}

/** The SELECT of a metric's view. */
export function viewSql(metric: StreamMetric, sqlOf: SqlOf): string {
  const { stream } = metric;
  const keys = stream.key.flatMap(({ name, long }) => (long === undefined ? [name] : [name, `${name}_hash`]));
  const values = stream.values.map((value) => `${mergedValue(value)} AS ${value.name}`);
  const merged = `merged AS NOT MATERIALIZED (
  SELECT ${[...keys, ...values, 'max(revision) AS revision', 'max(updated_at) AS updated_at'].join(', ')}
  FROM ${streamTableName(metric, sqlOf)}
  GROUP BY ${keys.join(', ')}
)`;
  return over([merged, identitiesRelation(stream), ...parametersRelation(stream)], sqlOf(stream.viewSql));
}

/** Fills a new table from the identities that are there, each as if it came now for the first time. */
export function rebuildSql(metric: StreamMetric, sqlOf: SqlOf): string {
  const { stream } = metric;
  const sink = definitionOf[stream.kind].sinkTable;
  const columns = [...stream.reads, ...positionColumns];
  // The empty side gives what was before as NULLs of the right types.
  const upserted = `upserted AS NOT MATERIALIZED (
  SELECT true AS inserted, true AS newer, true AS changed, ${columns.map((name) => `new.${name}, old.${name} AS old_${name}`).join(', ')}
  FROM ${sink} AS new LEFT JOIN ${sink} AS old ON false
)`;
  const names = partialColumns(stream).join(', ');
  return `INSERT INTO ${streamTableName(metric, sqlOf)} (${names})
SELECT ${names} FROM (
${over([upserted, ...parametersRelation(stream)], sqlOf(stream.changesSql))}
) AS changes`;
}

/** `identities`: what there is of the kind, as far as the metric reads it. */
export function identitiesRelation({ kind, reads }: StreamForm): string {
  const columns = [...new Set([definitionOf[kind].identity, ...reads, ...positionColumns])];
  // Not materialized: lookups in it are to use the sink table's indexes.
  return `identities AS NOT MATERIALIZED (\n  SELECT ${columns.join(', ')} FROM ${definitionOf[kind].sinkTable}\n)`;
}

/** `parameters`: one row; no relation where a metric has none. */
export function parametersRelation({ parameters }: StreamForm): string[] {
  if (parameters === undefined) return [];
  const values = Object.entries(parameters).map(([name, value]) =>
    typeof value === 'number' ? `${value} AS ${name}` : `${literal(value)}::text AS ${name}`,
  );
  return [`parameters AS NOT MATERIALIZED (SELECT ${values.join(', ')})`];
}

/** A SELECT of a file over relations that it names. */
export function over(relations: readonly string[], select: string): string {
  return relations.length === 0 ? select.trimEnd() : `WITH ${relations.join(', ')}\nSELECT * FROM (\n${select.trimEnd()}\n) AS answer`;
}
