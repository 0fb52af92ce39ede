import { identifier } from '#domain/sql-text.ts';
import type { Column, DuckdbType } from '#domain/kinds/columns.ts';
import { headerColumns, noteColumns } from '#domain/kinds/columns.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { cleanColumnsOf, definitionOf } from '#domain/kinds/list.ts';

/**
 * The statement that upserts the clean rows of one batch of one partition, at most one row an identity, derived from the
 * fields of the kind. Content goes by the latest record, position by the first, both ordered by (append time, partition,
 * offset).
 */

/** Columns that a batch's arrays hold, in the order of the parameters from $3 on; topic and partition are $1 and $2. */
export function parameterColumnsOf(kind: Kind): readonly Column[] {
  return cleanColumnsOf[kind].filter(({ name }) => name !== 'topic' && name !== 'partition');
}

/**
 * The CTEs `incoming` and `upserted`.
 * In: $1 topic, $2 partition, one array a column of `parameterColumnsOf`, then arrays of first_offset and
 * first_append_time: where the identity stood first in the batch. The other columns are those of its latest record there.
 * Out: `upserted` is the change set, a row for each identity that was written: inserted, newer (its content is that of the
 * batch), changed (that differs from what stood there), the columns `reads`, and these as they were before under old_*,
 * NULL of an identity that is new.
 * @param reads fields and columns of the position (first_*) that metrics read.
 */
export function upsertCtes(kind: Kind, reads: readonly string[]): string {
  const definition = definitionOf[kind];
  const sent = parameterColumnsOf(kind);
  const types = [...sent.map(arrayTypeOf), 'bigint[]', 'timestamptz[]'];
  const content = [...definition.fields.filter(({ name }) => name !== definition.identity), ...noteColumns];
  const latest = [
    ...content.map(({ name }) => name),
    'topic',
    'partition',
    'offset',
    'append_time',
    ...headerColumns.map(({ name }) => name),
  ];
  const inserted = [...definition.fields.map(valueOf), ...noteColumns.map(valueOf), ['topic', '$1'], ['partition', '$2']] as const;
  const taken = ['offset', 'append_time', ...headerColumns.map(({ name }) => name)].map((name) => [name, identifier(name)] as const);
  const first = [
    ['first_topic', '$1'],
    ['first_partition', '$2'],
    ['first_offset', 'first_offset'],
    ['first_append_time', 'first_append_time'],
  ] as const;
  const all = [...inserted, ...taken, ...first];
  return `incoming AS (
  SELECT * FROM unnest(${types.map((type, i) => `$${i + 3}::${type}`).join(', ')})
    AS i(${[...sent.map(({ name }) => identifier(name)), 'first_offset', 'first_append_time'].join(', ')})
), upserted AS (
  INSERT INTO ${definition.sinkTable} AS t (${all.map(([name]) => identifier(name)).join(', ')})
  SELECT ${all.map(([, value]) => value).join(', ')}
  FROM incoming
  ORDER BY ${identifier(definition.identity)} -- the same lock order in every transaction
  ON CONFLICT (${identifier(definition.identity)}) DO UPDATE SET
    ${[...latest.map((name) => setWhere(name, isNewer)), ...first.map(([name]) => setWhere(name, isEarlier))].join(',\n    ')}
  WHERE ${isNewer} OR ${isEarlier}
  RETURNING (old.${identifier(definition.identity)} IS NULL) AS inserted,
    ${place('old', '')} IS DISTINCT FROM ${place('new', '')} AS newer,
    ROW(${content.map(comparable('old')).join(', ')}) IS DISTINCT FROM ROW(${content.map(comparable('new')).join(', ')}) AS changed${reads.map((name) => `,\n    old.${identifier(name)} AS ${identifier(`old_${name}`)}, new.${identifier(name)}`).join('')}
)`;
}

/** Columns of the statement's answer: what became of the identities, over `incoming` and `upserted`; the third, of those whose stored content is newer. */
export const upsertedCounts = `count(*) FILTER (WHERE inserted OR (newer AND changed))::int AS applied,
  count(*) FILTER (WHERE NOT inserted AND newer AND NOT changed)::int AS unchanged,
  ((SELECT count(*) FROM incoming) - count(*) FILTER (WHERE inserted OR newer))::int AS superseded`;

const isNewer = `${place('excluded', '')} > ${place('t', '')}`;
const isEarlier = `${place('excluded', 'first_')} < ${place('t', 'first_')}`;

/** What orders records: the same within a partition as their offsets, across partitions as their append times. */
function place(row: string, prefix: '' | 'first_'): string {
  return `(${['append_time', 'partition', 'offset'].map((name) => `${row}.${identifier(prefix + name)}`).join(', ')})`;
}

function setWhere(name: string, condition: string): string {
  return `${identifier(name)} = CASE WHEN ${condition} THEN excluded.${identifier(name)} ELSE t.${identifier(name)} END`;
}

/** json knows no equality. */
function comparable(row: string): (column: Column) => string {
  return ({ name, postgres }) => `${row}.${identifier(name)}${postgres === 'json' ? '::text' : ''}`;
}

/** Lists come as JSON text, as nested arrays do not fit UNNEST; so does what is json. */
const isText = new Set<DuckdbType>(['VARCHAR[]', 'DOUBLE[]']);

function arrayTypeOf({ duckdb, postgres }: Column): string {
  return isText.has(duckdb) || postgres === 'json' ? 'text[]' : `${postgres}[]`;
}

function valueOf({ name, duckdb, postgres }: Column): readonly [name: string, value: string] {
  const column = identifier(name);
  if (postgres === 'json') return [name, `${column}::json`];
  // A list of numbers is an array's text but for the brackets, and that is cheaper to read than JSON.
  if (duckdb === 'DOUBLE[]') return [name, `translate(${column}, '[]', '{}')::double precision[]`];
  if (duckdb === 'VARCHAR[]')
    return [name, `CASE WHEN ${column} IS NOT NULL THEN ARRAY(SELECT json_array_elements_text(${column}::json)) END`];
  return [name, column];
}
