import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { Gauge } from 'prom-client';
import type { LedgerCounts } from '#activities/batch/list-intervals.ts';
import { countOpenIntervals } from '#activities/batch/list-intervals.ts';
import type { Statements } from '#adapters/postgres.ts';
import { openStates } from '#domain/lake/interval-state.ts';

/** One look serves both gauges of a scrape, and scrapes that come at once. */
const rememberMs = 1_000;
const answerMsMax = 1_000;

/**
 * Adds what there is to count about the batch. While Postgres does not answer the gauges are absent: what is not known is
 * no zero, and the scrape brings the rest all the same.
 */
export function registerBatchMetrics(registry: Registry, statements: Pick<Statements, 'query'>): void {
  let asked: { at: number; counts: Promise<LedgerCounts | undefined> } | undefined;
  const look = (): Promise<LedgerCounts | undefined> => {
    const now = performance.now();
    if (asked === undefined || now - asked.at > rememberMs) asked = { at: now, counts: inTime(countOpenIntervals(statements)) };
    return asked.counts;
  };
  const gauge = (name: string, help: string, labelNames: string[], set: (gauge: Gauge, counts: LedgerCounts) => void): void => {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames,
        // Every process reads the same table.
        aggregator: 'max',
        registers: [],
        async collect() {
          const counts = await look();
          this.reset();
          // Without labels a reset leaves a zero.
          if (labelNames.length === 0) this.remove();
          if (counts !== undefined) set(this, counts);
        },
      }),
    );
  };
  gauge('pinflow_batch_intervals', 'Intervals that are not complete, by state.', ['state'], (one, { byState }) => {
    for (const state of [...openStates, 'held'] as const) one.set({ state }, byState[state] ?? 0);
  });
  gauge(
    'pinflow_batch_oldest_open_seconds',
    'How long the oldest interval that is to be run has been closed; 0 where there is none.',
    [],
    (one, { oldestSeconds }) => one.set(oldestSeconds ?? 0),
  );
}

/** The counts, or undefined where they cannot be had soon: a scrape does not wait for a server that hangs. */
async function inTime(counts: Promise<LedgerCounts>): Promise<LedgerCounts | undefined> {
  const late = new AbortController();
  try {
    return await Promise.race([counts, delay(answerMsMax, undefined, { ref: false, signal: late.signal })]);
  } catch {
    return undefined;
  } finally {
    late.abort();
  }
}
