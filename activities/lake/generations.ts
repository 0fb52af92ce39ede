import type { Statements } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';
import { timeText } from '#domain/intervals.ts';

/** A published state of the lake: the version of every table that belongs together. */
export type Generation = {
  id: number;
  cause: 'interval' | 'marts' | 'abandonment';
  /** Start of the interval; null for the others. */
  interval: string | null;
  run: string;
  versions: Record<string, number>;
  contentSha256: string;
  codeVersion: string;
  basedOn: number | null;
  publishedAt: string;
};

const columns = `id, cause, interval_start, run_id, versions, content_sha256, code_version, based_on, published_at`;

/** The newest generation: where all readers take all table versions from. */
export async function readNewestGeneration(statements: Statements): Promise<Generation | undefined> {
  return one(await statements.query<Row>(`SELECT ${columns} FROM pinflow.generation ORDER BY id DESC LIMIT 1`));
}

/** @throws Failure `missing`. */
export async function readGeneration(statements: Statements, id: number): Promise<Generation> {
  const found = one(await statements.query<Row>(`SELECT ${columns} FROM pinflow.generation WHERE id = $1`, [id]));
  if (found === undefined) throw new Failure('missing', `There is no generation ${id}.`);
  return found;
}

export async function readGenerationOfRun(statements: Statements, run: string): Promise<Generation | undefined> {
  return one(await statements.query<Row>(`SELECT ${columns} FROM pinflow.generation WHERE run_id = $1`, [run]));
}

/** What an interval's last publish was; undefined before its first. */
export async function readLastOfInterval(statements: Statements, start: string): Promise<Generation | undefined> {
  return one(
    await statements.query<Row>(`SELECT ${columns} FROM pinflow.generation WHERE interval_start = $1 ORDER BY id DESC LIMIT 1`, [start]),
  );
}

/** The newest generation of a cause. */
export async function readNewestOf(statements: Statements, cause: Generation['cause']): Promise<Generation | undefined> {
  return one(await statements.query<Row>(`SELECT ${columns} FROM pinflow.generation WHERE cause = $1 ORDER BY id DESC LIMIT 1`, [cause]));
}

/** What is published: a run of an interval, of marts, or that a publish was let go. */
type NewGeneration = Pick<Generation, 'cause' | 'run' | 'contentSha256' | 'codeVersion'> & {
  interval?: string;
  basedOn?: number;
  counts: { records: number; clean: number; rejects: number; duplicates: number };
};

export async function insertGeneration(
  statements: Statements,
  { cause, interval, run, contentSha256, codeVersion, basedOn, counts }: NewGeneration,
  versions: Generation['versions'],
): Promise<Generation> {
  const inserted = one(
    await statements.query<Row>(
      `INSERT INTO pinflow.generation (cause, interval_start, run_id, versions, content_sha256, code_version, based_on, records, clean, rejects, duplicates)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING ${columns}`,
      [
        cause,
        interval ?? null,
        run,
        JSON.stringify(versions),
        contentSha256,
        codeVersion,
        basedOn ?? null,
        counts.records,
        counts.clean,
        counts.rejects,
        counts.duplicates,
      ],
    ),
  );
  return inserted!;
}

type Row = {
  id: number;
  cause: Generation['cause'];
  interval_start: Date | null;
  run_id: string;
  versions: Record<string, number>;
  content_sha256: string;
  code_version: string;
  based_on: number | null;
  published_at: Date;
};

function one([row]: readonly Row[]): Generation | undefined {
  if (row === undefined) return undefined;
  return {
    id: row.id,
    cause: row.cause,
    interval: row.interval_start === null ? null : timeText(row.interval_start.getTime()),
    run: row.run_id,
    versions: row.versions,
    contentSha256: row.content_sha256,
    codeVersion: row.code_version,
    basedOn: row.based_on,
    publishedAt: row.published_at.toISOString(),
  };
}
