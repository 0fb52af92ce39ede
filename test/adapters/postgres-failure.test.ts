import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import { sqlStateOf } from '#adapters/postgres-failure.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';
import { testConfig } from '#test/support/servers.ts';

/** Stands where event values stand; whatever is thrown must not hold it. */
const marked = 'MARKED';

let postgres: Postgres;
before(async () => {
  const { postgresUrl } = await testConfig();
  postgres = makePostgres({ url: postgresUrl, applicationName: 'pinflow-test' });
  await postgres.query(
    `CREATE TABLE t (id text PRIMARY KEY, short varchar(10), n int NOT NULL DEFAULT 1 CHECK (n > 0), other text REFERENCES t (id));
     INSERT INTO t (id) VALUES ('${marked}');
     CREATE FUNCTION complain(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no %', t; END $$`,
  );
});
after(() => postgres.close());

const large = Array.from({ length: 1_000 }, (_, i) => `${marked}${((i + 1) * 2_654_435_761).toString(36)}`).join('');
const cases: [state: string, kind: string, sql: string, parameter: unknown][] = [
  ['22P02', 'invalid_data', 'SELECT $1::int', marked],
  ['22001', 'invalid_data', 'INSERT INTO t (id, short) VALUES ($1::text, $1::text)', `${marked} and more`],
  ['22003', 'invalid_data', `SELECT length($1) + 2147483647`, marked],
  ['22007', 'invalid_data', 'SELECT $1::timestamptz', marked],
  ['22021', 'invalid_data', 'SELECT $1::text', `${marked}\u0000`],
  ['22P05', 'invalid_data', 'SELECT $1::jsonb', `"${marked}\\u0000"`],
  ['23502', 'invalid_data', 'INSERT INTO t (id, n) VALUES ($1, NULL)', `${marked} 2`],
  ['23514', 'invalid_data', 'INSERT INTO t (id, n) VALUES ($1, 0)', `${marked} 2`],
  ['54000', 'invalid_data', 'INSERT INTO t (id) VALUES ($1)', large],
  ['23505', 'fault', 'INSERT INTO t (id) VALUES ($1)', marked],
  ['23503', 'fault', `INSERT INTO t (id, other) VALUES ('x', $1)`, `${marked} elsewhere`],
  ['21000', 'fault', `SELECT (SELECT $1::text UNION ALL SELECT 'x')`, marked],
  ['P0001', 'fault', 'SELECT complain($1)', marked],
  ['42703', 'fault', 'SELECT nothing FROM t WHERE id = $1', marked],
  ['42P01', 'fault', 'SELECT $1::text FROM nowhere', marked],
  ['42883', 'fault', 'SELECT nothing($1::text)', marked],
  ['42804', 'fault', 'INSERT INTO t (n) VALUES ($1::text)', marked],
  ['0A000', 'fault', 'SELECT $1::text FROM elsewhere.pg_catalog.pg_class', marked],
];
for (const [state, kind, sql, parameter] of cases)
  test(`SQLSTATE ${state} is ${kind}, and what is told of it quotes no value`, async () => {
    const error: unknown = await postgres.query(sql, [parameter]).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof Failure, String(error));
    assert.deepEqual([sqlStateOf(error), error.kind], [state, kind]);
    assert.match(error.message, new RegExp(`SQLSTATE ${state}`));
    // As a log with causes would show it, and as JSON.
    for (const told of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), error.stack ?? ''])
      assert.ok(!told.includes(marked), told);
  });

test('a refused row is told by table, column and constraint', async () => {
  await assert.rejects(postgres.query('INSERT INTO t (id, n) VALUES ($1, 0)', ['x']), {
    message: 'Postgres: it reports a row that breaks a constraint (SQLSTATE 23514; table t, constraint t_n_check)',
  });
  await assert.rejects(postgres.query('INSERT INTO t (id, n) VALUES ($1, NULL)', ['x']), { message: /table t, column n\)/ });
});

test('a fault of a statement is told in the words of the server, so that it can be mended', () =>
  assert.rejects(postgres.query('SELECT nothing FROM t'), { kind: 'fault', message: /column "nothing" does not exist/ }));
