import type { Statements } from '#adapters/postgres.ts';
import { timeText } from '#domain/intervals.ts';
import { backOffMs } from '#domain/lake/back-off.ts';

/** How far a mart is. The lake's table and the rows in Postgres are written apart: each half says what it covers. */
export type MartRow = {
  name: string;
  lakeCovers: number | null;
  lakeFingerprint: string | null;
  /** Generation that the rows in Postgres cover. */
  covers: number | null;
  fingerprint: string | null;
  rows: number | null;
  codeVersion: string | null;
  failures: number;
  problem: string | null;
  notBefore: Date | null;
};

const columns = `name, lake_covers AS "lakeCovers", lake_fingerprint AS "lakeFingerprint", covers, fingerprint, rows, code_version AS "codeVersion",
  failures, problem, not_before AS "notBefore"`;

/** The rows of the marts named; those that were never computed have none. */
export async function readMarts(statements: Statements, names: readonly string[]): Promise<Map<string, MartRow>> {
  const rows = await statements.query<MartRow>(`SELECT ${columns} FROM pinflow.mart WHERE name = ANY($1)`, [names]);
  return new Map(rows.map((row) => [row.name, row]));
}

/** Takes a mart's row until the end of the transaction; makes it where it is not there. */
export async function lockMart(statements: Statements, name: string): Promise<MartRow> {
  await statements.execute(`INSERT INTO pinflow.mart (name) VALUES ($1) ON CONFLICT DO NOTHING`, [name]);
  const [row] = await statements.query<MartRow>(`SELECT ${columns} FROM pinflow.mart WHERE name = $1 FOR UPDATE`, [name]);
  if (row === undefined) throw new Error(`the row of mart ${name} vanished`);
  return row;
}

/** What was computed of a mart: over which generation, with which code, and what makes its rows these and no others. */
export type MartContent = { name: string; covers: number; fingerprint: string; codeVersion: string; rows: number };

/** Notes that the lake's tables hold what was computed. */
export async function recordInLake(statements: Statements, contents: readonly MartContent[]): Promise<void> {
  for (const { name, covers, fingerprint } of contents) {
    await statements.execute(
      `INSERT INTO pinflow.mart (name, lake_covers, lake_fingerprint) VALUES ($1, $2, $3)
       ON CONFLICT (name) DO UPDATE SET lake_covers = excluded.lake_covers, lake_fingerprint = excluded.lake_fingerprint
       WHERE pinflow.mart.lake_covers IS NULL OR pinflow.mart.lake_covers <= excluded.lake_covers`,
      [name, covers, fingerprint],
    );
  }
}

/** Notes, in the transaction that wrote them, which rows Postgres holds. */
export async function recordInPostgres(
  statements: Statements,
  { name, covers, fingerprint, codeVersion, rows }: MartContent,
): Promise<void> {
  await statements.execute(
    `UPDATE pinflow.mart SET covers = $2, fingerprint = $3, code_version = $4, rows = $5, written_at = now() WHERE name = $1`,
    [name, covers, fingerprint, codeVersion, rows],
  );
}

export async function recordMartDone(statements: Statements, name: string): Promise<void> {
  await statements.execute(
    `UPDATE pinflow.mart SET failures = 0, problem = NULL, failed_at = NULL, not_before = NULL WHERE name = $1 AND failures > 0`,
    [name],
  );
}

/** Notes what a mart failed of, and when it is tried again. */
export async function recordMartFailure(statements: Statements, name: string, problem: string, nowMs: number): Promise<void> {
  const { failures } = await lockMart(statements, name);
  await statements.execute(`UPDATE pinflow.mart SET failures = $2, problem = $3, failed_at = now(), not_before = $4 WHERE name = $1`, [
    name,
    failures + 1,
    problem,
    timeText(nowMs + backOffMs(failures + 1)),
  ]);
}
