import { readMarts } from '#activities/ledger/mart-ledger.ts';
import { readPending } from '#activities/lake/lake-lock.ts';
import type { Statements } from '#adapters/postgres.ts';
import { marts } from '#domain/metrics/list.ts';
import type { LakeStatus, MartStatus, PendingStatus } from '#domain/lake-status.ts';

/** What keeps the lake from going on, and how far each mart is. */
export async function readLakeStatus(statements: Statements): Promise<LakeStatus> {
  const [pending, marts] = await Promise.all([readPendingStatus(statements), readMartStatus(statements)]);
  return { pending, marts };
}

async function readPendingStatus(statements: Statements): Promise<PendingStatus | null> {
  const pending = await readPending(statements);
  if (pending === undefined) return null;
  const { plan, since, ageSeconds, tries, triedAt, problem, abandon } = pending;
  return {
    run: plan.run,
    cause: plan.cause,
    interval: plan.interval ?? null,
    since: since.toISOString(),
    ageSeconds: Math.round(ageSeconds),
    tries,
    triedAt: triedAt?.toISOString() ?? null,
    problem,
    abandon: abandon === null ? null : { why: abandon.why, by: abandon.by, at: abandon.at },
  };
}

async function readMartStatus(statements: Statements): Promise<MartStatus[]> {
  const names = marts.map(({ name }) => name);
  const rows = await readMarts(statements, names);
  return names.map((name) => {
    const row = rows.get(name);
    return {
      name,
      lakeCovers: row?.lakeCovers ?? null,
      covers: row?.covers ?? null,
      rows: row?.rows ?? null,
      failures: row?.failures ?? 0,
      problem: row?.problem ?? null,
      nextTry: row?.notBefore?.toISOString() ?? null,
    };
  });
}
