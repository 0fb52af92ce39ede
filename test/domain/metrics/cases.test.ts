import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { isMart, isStreamMetric, metrics } from '#domain/metrics/list.ts';
import { viewName } from '#domain/metrics/stream-table.ts';
import type { Answer, Event, Measured } from '#test/domain/metrics/measured.ts';
import { inOrder, openMeasured } from '#test/domain/metrics/measured.ts';
import { oracles } from '#test/domain/metrics/oracles.ts';

type Case = { name: string; events: Event[]; rows: Answer };

const folder = new URL('../../../domain/metrics/', import.meta.url);
const casesOf = (name: string): Case[] =>
  JSON.parse(readFileSync(new URL(`${name.replaceAll('_', '-')}/cases.json`, folder), 'utf8')) as Case[];

test('names leave room for a hash behind them, and mean the same quoted or not', () => {
  for (const { name } of metrics) assert.match(name, /^[a-z][a-z0-9_]{0,39}$/);
});

describe('metrics by their cases', () => {
  let measured: Measured;
  before(async () => {
    measured = await openMeasured();
  });
  after(() => measured.close());

  for (const metric of metrics) {
    for (const { name, events, rows } of casesOf(metric.name)) {
      for (const together of [true, false]) {
        test(`${metric.name}: ${name}, ${together ? 'in one batch a partition' : 'record by record'}`, async () => {
          const stream = await measured.start();
          for (const { kind, partition, records } of measured.toRecords(events)) {
            for (const batch of together ? [records] : records.map((one) => [one])) await stream.accept(kind, partition, batch);
          }
          const answers = await measured.answers(metric);
          assert.ok(Object.keys(answers).length > 0, 'it is a mart, or of the stream, or both');
          for (const [form, answer] of Object.entries(answers)) assert.deepEqual(answer, inOrder(rows), form);
          assert.deepEqual(inOrder(oracles[metric.name]!(events)), inOrder(rows), 'the oracle');
        });
      }
    }
  }

  test('every metric has cases, an oracle, a form, and the columns that it declares', async () => {
    for (const metric of metrics) {
      assert.ok(casesOf(metric.name).length > 0, metric.name);
      assert.ok(Object.hasOwn(oracles, metric.name), metric.name);
      assert.ok(isMart(metric) || isStreamMetric(metric), metric.name);
      const declared = metric.columns.map(({ name, postgres }) => ({
        name,
        type: postgres === 'timestamptz' ? 'timestamp with time zone' : postgres,
      }));
      for (const relation of [...(isStreamMetric(metric) ? [viewName(metric)] : []), ...(isMart(metric) ? [`marts.${metric.name}`] : [])]) {
        const found = await measured.postgres.query(
          `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum`,
          [relation],
        );
        assert.deepEqual(found, declared, relation);
      }
      if (isMart(metric))
        assert.deepEqual(
          await measured.batchColumns(metric),
          metric.columns.map(({ name, duckdb }) => ({ name, type: duckdb })),
        );
    }
  });
});
