/** What keeps the lake from going on, and how far the marts are. */
export type LakeStatus = { pending: PendingStatus | null; marts: MartStatus[] };

/** A publish that was decided and is not finished: every later one waits for it. */
export type PendingStatus = {
  run: string;
  cause: string;
  /** Start of the interval that it is of; null for marts. */
  interval: string | null;
  since: string;
  ageSeconds: number;
  /** Tries to finish it that failed, and what the last one said. */
  tries: number;
  triedAt: string | null;
  problem: string | null;
  /** That it is let go, once decided. */
  abandon: { why: string; by: string; at: string } | null;
};

export type MartStatus = {
  name: string;
  /** Generation that the lake's table and the rows in Postgres cover; null before the first. */
  lakeCovers: number | null;
  covers: number | null;
  rows: number | null;
  failures: number;
  problem: string | null;
  nextTry: string | null;
};

/** A publish takes a second; one that is pending for longer was left by a crash, and waits for the next publisher. */
const pendingSecondsMax = 60;

/** What a person should know of it. */
export function lakeProblems(lake: LakeStatus): string[] {
  const marts = lake.marts.flatMap(({ name, problem, nextTry }) =>
    problem === null ? [] : [`mart ${name} is not up to date${nextTry === null ? '' : ` and tried again at ${nextTry}`}: ${problem}`],
  );
  return [...pendingProblem(lake.pending), ...marts];
}

function pendingProblem(pending: PendingStatus | null): string[] {
  if (pending === null || (pending.problem === null && pending.ageSeconds <= pendingSecondsMax)) return [];
  const { run, interval, since, tries, problem, abandon } = pending;
  const of = `the publish of run ${run}${interval === null ? '' : ` of interval ${interval}`} is pending since ${since}, and all later ones wait for it`;
  const said = problem === null ? '' : `; ${tries} ${tries === 1 ? 'try' : 'tries'} to finish it failed, the last because: ${problem}`;
  const wayOut =
    abandon === null
      ? ' (the next publish tries again; npx pinflow batch abandon --why <text> lets it go)'
      : ` (${abandon.by} let it go at ${abandon.at}: ${abandon.why}; the next publish puts the lake back)`;
  return [`lake: ${of}${said}${wayOut}`];
}
