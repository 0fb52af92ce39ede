import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { metrics } from '#domain/metrics/list.ts';
import { ensureMetricTables } from '#setup/metric-tables.ts';
import type { Event, Measured } from '#test/domain/metrics/measured.ts';
import { inOrder, openMeasured } from '#test/domain/metrics/measured.ts';
import { oracles } from '#test/domain/metrics/oracles.ts';

const some = <Value>(...values: Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);
/** Few values, so that sends meet: the same again, changed ones, and such as lack a field that was there. */
const place = { partition: fc.nat(2), second: some(0, 1, 59, 60, 61, 150, 200) };
const pin: fc.Arbitrary<Event> = fc.record({
  kind: fc.constant('pin'),
  ...place,
  value: fc.record(
    {
      unique_id: some('a', 'b', 'c', 'd', 'e'),
      index: some(1, 2, 3),
      title: fc.constant('A title'),
      category: some('art', 'travel', 'quotes'),
      poster_name: some('Ann', 'Ben', 'x'.repeat(9_000)),
      follower_count: some('1', '2', '30'),
    },
    { requiredKeys: ['unique_id', 'index', 'title'] },
  ),
});
const geo: fc.Arbitrary<Event> = fc.record({
  kind: fc.constant('geo'),
  ...place,
  value: fc.record(
    { ind: some(1, 2, 3), country: fc.constant('Norway'), timestamp: some('2020-12-31T23:59:59', '2021-01-01T00:00:00') },
    { requiredKeys: ['ind', 'country'] },
  ),
});
const events = fc.array(fc.oneof({ weight: 4, arbitrary: pin }, { weight: 1, arbitrary: geo }), { minLength: 1, maxLength: 60 });
/** Which partition comes next, and with how many of its records. */
const turns = fc.array(fc.record({ which: fc.nat(5), rows: fc.integer({ min: 1, max: 6 }) }), { minLength: 10, maxLength: 40 });

describe('metrics over random events', () => {
  let measured: Measured;
  before(async () => {
    measured = await openMeasured();
  });
  after(() => measured.close());

  async function assertAnswers(sent: readonly Event[], when: string): Promise<number> {
    let answers = 0;
    for (const metric of metrics) {
      const expected = inOrder(oracles[metric.name]!(sent));
      for (const [form, answer] of Object.entries(await measured.answers(metric))) {
        assert.deepEqual(answer, expected, `${metric.name}, ${form}, ${when}`);
        answers += answer.length;
      }
    }
    return answers;
  }

  test('stream, batch and a plain oracle agree, however events are cut into batches, and so do tables made anew', async () => {
    let answers = 0;
    await fc.assert(
      fc.asyncProperty(events, turns, async (sent, order) => {
        const stream = await measured.start();
        const queues = measured.toRecords(sent);
        const take = async ({ which, rows }: { which: number; rows: number }): Promise<void> => {
          const left = queues.filter(({ records }) => records.length > 0);
          const queue = left[which % Math.max(1, left.length)];
          if (queue !== undefined) await stream.accept(queue.kind, queue.partition, queue.records.splice(0, rows));
        };
        for (const turn of order) await take(turn);
        while (queues.some(({ records }) => records.length > 0)) await take({ which: 0, rows: 1_000 });
        answers += await assertAnswers(sent, 'kept up');
        await measured.postgres.execute(`UPDATE pinflow.metric_table SET shape_sha256 = 'another' WHERE form = 'stream'`);
        await ensureMetricTables(measured.postgres);
        await assertAnswers(sent, 'made anew');
      }),
      { numRuns: 25 },
    );
    assert.ok(answers > 0, 'events made answers');
  });
});
