import type { Merge, ValueColumn } from '#domain/metrics/metric.ts';

/** The three places where partial results meet, as SQL. `m` is the row that stands in the table, `excluded` the one that comes. */
type Merging = {
  /** Columns of the table, with their types. */
  columns: (value: ValueColumn) => [name: string, definition: string][];
  /** What the row becomes, in the order of `columns`. */
  onConflict: (name: string) => string[];
  /** The value over the rows of all partitions. */
  merged: (value: ValueColumn) => string;
};

const mergings: Record<Merge, Merging> = {
  sum: {
    columns: ({ name, postgres }) => [[name, `${postgres} NOT NULL`]],
    onConflict: (name) => [`m.${name} + excluded.${name}`],
    merged: ({ name, postgres }) => `sum(${name})::${postgres}`,
  },
  max: {
    columns: ({ name, postgres }) => [[name, postgres]],
    onConflict: (name) => [`greatest(m.${name}, excluded.${name})`],
    merged: ({ name }) => `max(${name})`,
  },
  latest: {
    columns: ({ name, postgres }) => [
      [name, postgres],
      [`${name}_append_time`, 'timestamptz'],
      [`${name}_offset`, 'bigint'],
    ],
    onConflict: (name) => {
      const at = (row: string): string => `(${row}.${name}_append_time, ${row}.${name}_offset)`;
      const isLater = `${at('excluded')} > ${at('m')} OR m.${name}_append_time IS NULL`;
      const pick = (column: string): string => `CASE WHEN ${isLater} THEN excluded.${column} ELSE m.${column} END`;
      return [pick(name), pick(`${name}_append_time`), pick(`${name}_offset`)];
    },
    merged: ({ name }) =>
      `(array_agg(${name} ORDER BY ${name}_append_time DESC, partition DESC, ${name}_offset DESC) FILTER (WHERE ${name}_append_time IS NOT NULL))[1]`,
  },
  set: {
    columns: ({ name, postgres }) => [[name, `${postgres} NOT NULL`]],
    onConflict: (name) => [`ARRAY(SELECT DISTINCT one FROM unnest(m.${name} || excluded.${name}) AS one ORDER BY one)`],
    // Arrays of different lengths make no array of arrays.
    merged: ({ name }) =>
      `ARRAY(SELECT DISTINCT one FROM jsonb_array_elements(jsonb_agg(to_jsonb(${name}))) AS part, jsonb_array_elements_text(part) AS one ORDER BY one)`,
  },
};

export function columnsOfValue(value: ValueColumn): [name: string, definition: string][] {
  return mergings[value.merge].columns(value);
}

/** What a row's columns become where there is one already, as assignments. */
export function mergeAssignments(value: ValueColumn): string[] {
  const { columns, onConflict } = mergings[value.merge];
  const becomes = onConflict(value.name);
  return columns(value).map(([name], i) => `${name} = ${becomes[i]}`);
}

export function mergedValue(value: ValueColumn): string {
  return mergings[value.merge].merged(value);
}
