import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Postgres } from '#adapters/postgres.ts';
import { mergeAssignments, columnsOfValue, mergedValue } from '#domain/metrics/merge.ts';
import type { Merge, ValueColumn } from '#domain/metrics/metric.ts';
import { openEnvironment } from '#test/support/environment.ts';

let environment: Awaited<ReturnType<typeof openEnvironment>>;
let postgres: Postgres;
before(async () => {
  environment = await openEnvironment();
  ({ postgres } = environment);
});
after(() => environment.close());

/** Partial results in the order in which they come: [partition, literals of the value's columns]. */
const parts: Record<Merge, { postgres: string; come: [partition: number, values: string][]; merged: unknown }> = {
  sum: {
    postgres: 'bigint',
    come: [
      [0, '5'],
      [1, '2'],
      [0, '-3'],
      [1, '1'],
    ],
    merged: 5,
  },
  max: {
    postgres: 'bigint',
    come: [
      [0, '5'],
      [1, 'NULL'],
      [0, '7'],
      [1, '6'],
      [0, '1'],
    ],
    merged: 7,
  },
  latest: {
    postgres: 'bigint',
    come: [
      [0, `1, '2026-01-01T00:00:01Z', 5`],
      [1, `NULL, NULL, NULL`],
      [1, `2, '2026-01-01T00:00:02Z', 1`],
      [0, `3, '2026-01-01T00:00:01Z', 4`],
      [1, `NULL, NULL, NULL`],
      [0, `4, '2026-01-01T00:00:02Z', 0`],
    ],
    // At the same time: the later partition.
    merged: 2,
  },
  set: {
    postgres: 'text[]',
    come: [
      [0, `'{b,a}'`],
      [1, `'{}'`],
      [0, `'{b,"c d"}'`],
      [1, `'{a,"}"}'`],
    ],
    merged: ['a', 'b', 'c d', '}'],
  },
};

for (const [merge, { postgres: type, come, merged }] of Object.entries(parts)) {
  test(`partial results become one by ${merge}, within a partition and over all, in whatever order they come`, async () => {
    const value: ValueColumn = { name: 'v', postgres: type, merge: merge as Merge };
    const columns = columnsOfValue(value);
    for (const order of [come, come.toReversed()]) {
      await postgres.execute('DROP TABLE IF EXISTS public.partial');
      await postgres.execute(
        `CREATE TABLE public.partial (partition int PRIMARY KEY, ${columns.map(([name, definition]) => `${name} ${definition}`).join(', ')})`,
      );
      for (const [partition, values] of order) {
        await postgres.execute(
          `INSERT INTO public.partial AS m (partition, ${columns.map(([name]) => name).join(', ')}) VALUES (${partition}, ${values})
           ON CONFLICT (partition) DO UPDATE SET ${mergeAssignments(value).join(', ')}`,
        );
      }
      assert.deepEqual(await postgres.query(`SELECT ${mergedValue(value)} AS v FROM public.partial`), [{ v: merged }]);
    }
  });
}
