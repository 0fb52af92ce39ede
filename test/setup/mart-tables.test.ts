import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { writeMart } from '#activities/batch/write-mart.ts';
import { readMarts } from '#activities/ledger/mart-ledger.ts';
import { column } from '#domain/kinds/columns.ts';
import { marts, metrics } from '#domain/metrics/list.ts';
import { martShape } from '#domain/metrics/mart-table.ts';
import type { Mart } from '#domain/metrics/metric.ts';
import { pinsPerCategory } from '#domain/metrics/pins-per-category/metric.ts';
import { assertMetricTables, ensureMetricTables } from '#setup/metric-tables.ts';
import type { Environment } from '#test/support/environment.ts';
import { openEnvironment } from '#test/support/environment.ts';

const { name } = pinsPerCategory;
const wider: Mart = { ...pinsPerCategory, columns: [...pinsPerCategory.columns, column('share', 'DOUBLE')] };
const widerList = metrics.map((metric) => (metric === pinsPerCategory ? wider : metric));

describe('tables of marts', () => {
  let environment: Environment;
  before(async () => {
    environment = await openEnvironment();
  });
  after(() => environment.close());

  async function write(rows: object[], fingerprint: string, mart: Mart = wider): Promise<void> {
    const file = join(environment.config.home, `${fingerprint}.json`);
    writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
    const content = { name: mart.name, covers: 1, fingerprint, codeVersion: 'one', rows: rows.length };
    await writeMart(environment.postgres, content, martShape(mart), file);
  }
  const rows = (): Promise<unknown[]> => environment.postgres.query(`SELECT * FROM marts.${name}`);
  const tables = async (): Promise<unknown[]> =>
    (await environment.postgres.query(`SELECT relname FROM pg_class WHERE relnamespace = 'marts'::regnamespace ORDER BY 1`)).map(
      (row) => row['relname'],
    );
  const places = marts.map((mart) => mart.name).toSorted();

  test('those of before the set-up made tables stay as they are', async () => {
    assert.deepEqual(await tables(), places);
    assert.deepEqual(await ensureMetricTables(environment.postgres), []);
    await write([{ category: 'art', pins: 2 }], 'first', pinsPerCategory);
    assert.deepEqual(await rows(), [{ category: 'art', pins: 2 }]);
  });

  test('a changed one is written beside the old one, which is read until then, and takes its place with its rows', async () => {
    await assert.rejects(assertMetricTables(environment.postgres, widerList), { kind: 'not_ready', message: /lacks pins_per_category/ });
    await ensureMetricTables(environment.postgres, widerList);
    assert.deepEqual(await ensureMetricTables(environment.postgres, widerList), [], 'once is enough');
    assert.deepEqual(await rows(), [{ category: 'art', pins: 2 }]);
    const { covers, lakeCovers } = (await readMarts(environment.postgres, [name])).get(name)!;
    assert.deepEqual({ covers, lakeCovers }, { covers: null, lakeCovers: null }, 'it is to be computed');
    await assert.rejects(write([{ category: 'art', pins: 3 }], 'second', pinsPerCategory), { kind: 'not_ready' }, 'code of before');
    await assert.rejects(assertMetricTables(environment.postgres, metrics), { kind: 'not_ready' }, 'code of before, started again');
    assert.deepEqual(await rows(), [{ category: 'art', pins: 2 }]);
    await write([{ category: 'art', pins: 3, share: 1 }], 'second');
    assert.deepEqual(await rows(), [{ category: 'art', pins: 3, share: 1 }]);
    assert.deepEqual(await tables(), places);
    await write([{ category: 'art', pins: 4, share: 1 }], 'third');
    assert.deepEqual(await rows(), [{ category: 'art', pins: 4, share: 1 }]);
  });

  test('a shape that goes and comes back before it was filled leaves no table beside', async () => {
    await ensureMetricTables(environment.postgres, metrics);
    assert.equal((await tables()).length, places.length + 1);
    await ensureMetricTables(environment.postgres, widerList);
    assert.equal((await tables()).length, places.length + 1);
    assert.deepEqual(await rows(), [{ category: 'art', pins: 4, share: 1 }]);
    // Equal rows: it is the table that is another.
    await write([{ category: 'art', pins: 4, share: 1 }], 'third');
    assert.deepEqual(await tables(), places);
    assert.deepEqual(await rows(), [{ category: 'art', pins: 4, share: 1 }]);
  });

  test("a person's view over the old one keeps it in its place, and is named; without the view the new one takes it", async () => {
    const { postgres } = environment;
    await ensureMetricTables(postgres, metrics);
    await postgres.execute(`CREATE VIEW public.art AS SELECT pins FROM marts.${name} WHERE category = 'art'`);
    await assert.rejects(write([{ category: 'art', pins: 5 }], 'fourth', pinsPerCategory), {
      kind: 'configuration',
      message: /view art depends on table marts\.pins_per_category.*Drop what depends on it/,
    });
    assert.deepEqual(await rows(), [{ category: 'art', pins: 4, share: 1 }]);
    await postgres.execute('DROP VIEW public.art');
    await write([{ category: 'art', pins: 5 }], 'fourth', pinsPerCategory);
    assert.deepEqual(await rows(), [{ category: 'art', pins: 5 }]);
    assert.deepEqual(await tables(), places);
  });

  test('one without a table says which command makes it', async () => {
    await assert.rejects(write([], 'none', { ...wider, name: 'unheard_of' }), {
      kind: 'configuration',
      message: /run node workers\/setup\.ts/,
    });
  });
});
