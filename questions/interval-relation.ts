import type { Statements } from '#adapters/postgres.ts';
import { identifier, literal } from '#domain/sql-text.ts';

/** Newest intervals that the view `intervals` shows. */
const intervalsMax = 20_000;

const types = {
  start: 'TIMESTAMPTZ',
  end: 'TIMESTAMPTZ',
  state: 'VARCHAR',
  records: 'BIGINT',
  clean: 'BIGINT',
  rejects: 'BIGINT',
  duplicates: 'BIGINT',
  generation: 'BIGINT',
  problem: 'VARCHAR',
};

export const intervalColumns = Object.entries(types).map(([name, type]) => ({ name, type }));

/** The ledger as a table, so that questions about intervals can be joined with those about rows. */
export async function intervalStatements(postgres: Statements): Promise<string[]> {
  const rows = await postgres.query<{ row: string }>(
    `SELECT row_to_json(one)::text AS row FROM (
       SELECT start, "end", state, records, clean, rejects, duplicates, generation, problem FROM pinflow.interval ORDER BY start DESC LIMIT $1
     ) AS one`,
    [intervalsMax],
  );
  const shape = `{${Object.entries(types)
    .map(([name, type]) => `"${name}":"${type}"`)
    .join(',')}}`;
  const columns = Object.keys(types)
    .map((name) => `row.${identifier(name)} AS ${identifier(name)}`)
    .join(', ');
  const values = `[${rows.map(({ row }) => literal(row)).join(', ')}]::VARCHAR[]`;
  return [
    `CREATE TABLE intervals AS SELECT ${columns} FROM (SELECT json_transform(unnest(${values}), ${literal(shape)}) AS row) ORDER BY start`,
  ];
}
