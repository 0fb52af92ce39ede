import type { HourOfIntervals, IntervalRun } from '#domain/answers/intervals.ts';
import { timeText } from '#domain/intervals.ts';
import type { IntervalState } from '#domain/lake/interval-state.ts';
import type { CalendarDependencies } from '#questions/intervals/calendar.ts';
import { onLedger } from '#questions/list-intervals.ts';

const hourMs = 3_600_000;

/** The intervals that begin in the hour from `hour` (Unix ms) on. @throws Failure `not_ready` where there is no ledger yet. */
export async function readHour({ config, names, postgres }: CalendarDependencies, hour: number): Promise<HourOfIntervals> {
  const rows = await onLedger(() => postgres.query<Row>(intervalsSql, [new Date(hour), new Date(hour + hourMs)]));
  return {
    hour: timeText(hour),
    intervals: rows.map((row) => runOf(row, (start) => linkTo(config, names.workflowIds.interval(start)))),
  };
}

type Row = Pick<IntervalRun, 'attempts' | 'records' | 'clean' | 'rejects' | 'duplicates' | 'generation' | 'problem'> & {
  start: Date;
  end: Date;
  state: IntervalState;
  not_before: Date | null;
  updated_at: Date;
  published_at: Date | null;
  versions: Record<string, number> | null;
  inputs: IntervalRun['inputs'] | null;
};

function runOf(
  { start, end, not_before, updated_at, published_at, versions, inputs, ...row }: Row,
  link: (start: string) => string,
): IntervalRun {
  return {
    ...row,
    start: timeText(start.getTime()),
    end: timeText(end.getTime()),
    inputs: inputs ?? [],
    outputs: Object.entries(versions ?? {}).map(([table, version]) => ({ table, version })),
    readySeconds: published_at === null ? null : Math.round((published_at.getTime() - end.getTime()) / 100) / 10,
    nextTry: not_before?.toISOString() ?? null,
    updatedAt: updated_at.toISOString(),
    link: link(timeText(start.getTime())),
  };
}

function linkTo({ temporalUiUrl, temporalNamespace }: CalendarDependencies['config'], workflowId: string): string {
  return `${temporalUiUrl.replace(/\/$/, '')}/namespaces/${encodeURIComponent(temporalNamespace)}/workflows/${encodeURIComponent(workflowId)}`;
}

/** What lies between the cuts at both ends; before the first cut all from the first offset on. */
const intervalsSql = `
  SELECT i.start, i."end", i.state, i.attempts, i.records, i.clean, i.rejects, i.duplicates, i.generation, i.problem, i.not_before, i.updated_at,
    g.published_at, g.versions,
    (SELECT json_agg(json_build_object('topic', e.topic, 'partition', e.partition, 'from', coalesce(b."offset", 0), 'to', e."offset") ORDER BY e.topic, e.partition)
     FROM pinflow.cut e LEFT JOIN pinflow.cut b ON b.topic = e.topic AND b.partition = e.partition AND b.at = i.start
     WHERE e.at = i."end" AND e."offset" > coalesce(b."offset", 0)) AS inputs
  FROM pinflow.interval i LEFT JOIN pinflow.generation g ON g.id = i.generation
  WHERE i.start >= $1 AND i.start < $2 ORDER BY i.start`;
