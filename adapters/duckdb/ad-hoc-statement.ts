import type { DuckDBConnection } from '@duckdb/node-api';
import { StatementType } from '@duckdb/node-api';
import type { DuckdbSettings, Row } from '#adapters/duckdb/connection.ts';
import { connect, openInstance, translated } from '#adapters/duckdb/connection.ts';
import { plainValue } from '#adapters/duckdb/values.ts';
import { Failure } from '#domain/failures.ts';
import { exampleKind } from '#domain/kinds/list.ts';

export type AdHocRequest = {
  settings: DuckdbSettings;
  /** Statements of ours that make the views. */
  setup: string[];
  /** The only files that the person's statement can reach. */
  files: string[];
  sql: string;
  rowsMax: number;
  bytesMax: number;
  timeoutMs: number;
};

export type AdHocResult = { columns: { name: string; type: string }[]; rows: Row[]; truncated: boolean };

/** Runs a person's statement over views of ours, with the doors to everything else shut. */
export async function runAdHoc(request: AdHocRequest): Promise<AdHocResult> {
  const settings = { ...request.settings, showData: true };
  const instance = await openInstance(settings);
  const connection = await connect(instance, settings);
  await translated(async () => {
    for (const statement of request.setup) await connection.run(statement);
    // Paths are only heeded while external access is off, and nothing may be changed afterwards. All before the person's
    // text is looked at: preparing a statement opens the files that it names.
    await connection.run(`SET allowed_paths = [${request.files.map((file) => `'${file.replaceAll("'", "''")}'`).join(', ')}]`);
    await connection.run(
      `SET home_directory = '/nonexistent'; SET allow_persistent_secrets = false; SET enable_external_access = false; SET lock_configuration = true`,
    );
  }, true);
  return theirs(async () => {
    await assertReadOnly(connection, request.sql);
    const timer = setTimeout(() => connection.interrupt(), request.timeoutMs);
    try {
      return await readRows(connection, request);
    } finally {
      clearTimeout(timer);
    }
  });
}

/** What is wrong with a statement that a person wrote is no fault of the program: the statement is what was given to us. */
async function theirs<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await translated(work, true);
  } catch (error) {
    throw error instanceof Failure && error.kind === 'fault' ? new Failure('invalid_data', error.message, { cause: error.cause }) : error;
  }
}

async function readRows(connection: DuckDBConnection, { sql, rowsMax, bytesMax }: AdHocRequest): Promise<AdHocResult> {
  const stream = await connection.stream(sql);
  const names = stream.deduplicatedColumnNames();
  const columns = names.map((name, i) => ({ name, type: stream.columnType(i).toString() }));
  const rows: Row[] = [];
  let bytes = 0;
  for (;;) {
    const chunk = await stream.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return { columns, rows, truncated: false };
    for (const values of chunk.getRows()) {
      if (rows.length === rowsMax || bytes > bytesMax) return { columns, rows, truncated: true };
      const row = Object.fromEntries(values.map((value, i) => [names[i]!, plainValue(value)]));
      bytes += JSON.stringify(row).length;
      rows.push(row);
    }
  }
}

/** EXPLAIN ANALYZE runs what follows it. */
const explain = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*explain(?:\s+analyze)?(?:\s*\([^)]*\))?(?=\s)/i;

/** @throws Failure `invalid_data` unless the text is one statement that only reads. */
async function assertReadOnly(connection: DuckDBConnection, sql: string): Promise<void> {
  const type = await typeOf(connection, sql);
  if (type === StatementType.SELECT) return;
  if (type === StatementType.EXPLAIN && (await typeOf(connection, sql.replace(explain, ''))) === StatementType.SELECT) return;
  throw new Failure(
    'invalid_data',
    `Only SELECT, WITH, FROM, VALUES, EXPLAIN, DESCRIBE, SUMMARIZE and SHOW are taken, and this is ${StatementType[type]}.`,
  );
}

async function typeOf(connection: DuckDBConnection, sql: string): Promise<StatementType> {
  if (/^(?:\s|;|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*$/.test(sql))
    throw new Failure('invalid_data', `There is no statement: give one, such as SELECT * FROM ${exampleKind.view}.`);
  const statements = await connection.extractStatements(sql);
  if (statements.count !== 1)
    throw new Failure(
      'invalid_data',
      `These are ${statements.count} statements; give one. (A PIVOT counts as two: write it as SELECT ... GROUP BY.)`,
    );
  const prepared = await statements.prepare(0);
  try {
    return prepared.statementType;
  } finally {
    prepared.destroySync();
  }
}
