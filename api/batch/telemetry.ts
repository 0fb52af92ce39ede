import type { Registry } from 'prom-client';
import { countOpenIntervals } from '#questions/list-intervals.ts';
import { readLakeStatus } from '#questions/lake-status.ts';
import type { Statements } from '#adapters/postgres.ts';
import { makeLookedGauges } from '#api/operations/looked-gauges.ts';
import { openStates } from '#domain/lake/interval-state.ts';

/** Adds what there is to count about the batch and the lake. */
export function registerBatchTelemetry(registry: Registry, statements: Statements): void {
  const ledgerGauge = makeLookedGauges(registry, () => countOpenIntervals(statements));
  ledgerGauge('pinflow_batch_intervals', 'Intervals that are not complete, by state.', ['state'], (one, { byState }) => {
    for (const state of [...openStates, 'held'] as const) one.set({ state }, byState[state] ?? 0);
  });
  ledgerGauge(
    'pinflow_batch_oldest_open_seconds',
    'How long the oldest interval that is to be run has been closed; 0 where there is none.',
    [],
    (one, { oldestSeconds }) => one.set(oldestSeconds ?? 0),
  );
  const lakeGauge = makeLookedGauges(registry, () => readLakeStatus(statements));
  lakeGauge(
    'pinflow_lake_pending_seconds',
    'How long a publish that is decided has not been finished, which all later ones wait for; 0 where there is none.',
    [],
    (one, { pending }) => one.set(pending?.ageSeconds ?? 0),
  );
  lakeGauge('pinflow_mart_failures', 'Failures in a row of a mart; 0 where it is up to date.', ['mart'], (one, { marts }) => {
    for (const { name, failures } of marts) one.set({ mart: name }, failures);
  });
}
