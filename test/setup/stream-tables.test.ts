import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { takePartition } from '#activities/reader/checkpoints.ts';
import type { Sink } from '#activities/reader/sink.ts';
import { makeSinkStatements } from '#activities/stream/sink-statements.ts';
import { makeStreamSink } from '#activities/stream/stream-sink.ts';
import { domainSql } from '#adapters/duckdb/sql-files.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { categoryPerMinute } from '#domain/metrics/category-per-minute/metric.ts';
import { metrics, streamMetrics } from '#domain/metrics/list.ts';
import type { StreamMetric } from '#domain/metrics/metric.ts';
import { profilePopularity } from '#domain/metrics/profile-popularity/metric.ts';
import { streamTableName } from '#domain/metrics/stream-table.ts';
import { assertMetricTables, ensureMetricTables } from '#setup/metric-tables.ts';
import type { OpenStream } from '#test/activities/stream/open-stream.ts';
import { openStream } from '#test/activities/stream/open-stream.ts';
import { pinJson } from '#test/support/environment.ts';
import { waitFor } from '#test/support/servers.ts';

/** The same metric by the hour: another shape. */
const byHour: StreamMetric = { ...categoryPerMinute, stream: { ...categoryPerMinute.stream, parameters: { window_unit: 'hour' } } };
const noon = Date.UTC(2026, 0, 1, 12);

/** The same database, whose transactions await `atCommit` when their work is done. */
function holding(postgres: Postgres, atCommit: () => Promise<void>): Postgres {
  return {
    ...postgres,
    transaction: (work) =>
      postgres.transaction(async (statements) => {
        const result = await work(statements);
        await atCommit();
        return result;
      }),
  };
}

describe('tables of the metrics of the stream', () => {
  let stream: OpenStream;
  let postgres: Postgres;
  before(async () => {
    stream = await openStream();
    ({ postgres } = stream.environment);
  });
  after(async () => {
    for (const one of processes) await one.close();
    await stream.close();
  });

  /** Connections of processes that run other code: prepared statements are a connection's. */
  const processes: Postgres[] = [];
  let nextPartition = 0;
  beforeEach(async () => {
    await postgres.execute('TRUNCATE experimental_data');
    await postgres.execute(`UPDATE pinflow.metric_table SET shape_sha256 = 'another' WHERE form = 'stream'`);
    await ensureMetricTables(postgres);
  });

  /** A sink of a process whose code has this list, with a partition of its own; `atCommit` is awaited before each commit. */
  async function sinkOf(list: readonly StreamMetric[], atCommit?: () => Promise<void>): Promise<(...minutes: number[]) => Promise<void>> {
    const { environment, cleaner } = stream;
    const topic = environment.names.topicOf('pin');
    const partition = nextPartition++;
    const own = makePostgres({ url: environment.config.postgresUrl, applicationName: 'pinflow-test', connectionsMax: 1 });
    processes.push(own);
    const statements = makeSinkStatements(list);
    const sink: Sink = makeStreamSink({
      postgres: atCommit === undefined ? own : holding(own, atCommit),
      names: environment.names,
      cleaner,
      statements,
      batchRows: 1_000,
    });
    await sink.begin(await takePartition(postgres, 'stream', { topic, partition }, 'test', 0));
    let offset = 0;
    return (...minutes) => {
      const records = minutes.map((minute) => ({
        topic,
        partition,
        offset: offset++,
        appendTimeMs: noon + minute * 60_000,
        key: null,
        value: Buffer.from(pinJson(`pin-${partition}-${offset}`, { category: 'art' })),
        headers: [],
      }));
      return sink.accept({ topic, partition }, records);
    };
  }

  const windows = (): Promise<Record<string, unknown>[]> =>
    postgres.query(`SELECT to_char(window_start AT TIME ZONE 'UTC', 'HH24:MI') AS at, pins FROM metrics.category_per_minute ORDER BY 1`);
  const tablesOf = async (name: string): Promise<unknown[]> =>
    (await postgres.query(`SELECT 'metrics.' || relname AS name FROM pg_class WHERE relkind = 'r' AND relname LIKE $1`, [`${name}%`])).map(
      (row) => row['name'],
    );

  test('two set-ups at once, and one more, make each table once', async () => {
    await postgres.execute(`UPDATE pinflow.metric_table SET shape_sha256 = 'another' WHERE form = 'stream'`);
    const done = await Promise.all([ensureMetricTables(postgres), ensureMetricTables(postgres)]);
    assert.deepEqual(new Set(done.map(({ length }) => length)), new Set([0, streamMetrics.length]));
    assert.deepEqual(await ensureMetricTables(postgres), []);
    await assertMetricTables(postgres);
    for (const metric of streamMetrics) assert.deepEqual(await tablesOf(metric.name), [streamTableName(metric, domainSql)]);
  });

  test('a changed shape makes a new table from the identities and gives the view to it; the old one is gone', async () => {
    await (
      await sinkOf(streamMetrics)
    )(0, 0, 1, 60);
    const changed = [byHour, profilePopularity];
    await assert.rejects(assertMetricTables(postgres, changed), { kind: 'not_ready', message: /lacks category_per_minute/ });
    await ensureMetricTables(postgres, [...metrics.filter((metric) => !changed.some(({ name }) => name === metric.name)), ...changed]);
    assert.deepEqual(await windows(), [
      { at: '12:00', pins: 3 },
      { at: '13:00', pins: 1 },
    ]);
    assert.deepEqual(await tablesOf('category_per_minute'), [streamTableName(byHour, domainSql)]);
    await (
      await sinkOf(changed)
    )(2);
    assert.deepEqual((await windows())[0], { at: '12:00', pins: 4 });
    const versions = await postgres.query(
      `SELECT dropped_at IS NULL AS stands FROM pinflow.metric_table WHERE name = 'category_per_minute' ORDER BY version DESC LIMIT 2`,
    );
    assert.deepEqual(versions, [{ stands: true }, { stands: false }]);
  });

  test('a view whose SELECT changed is made anew over the same rows', async () => {
    await (
      await sinkOf(streamMetrics)
    )(0);
    const before = await postgres.query('SELECT * FROM metrics.category_per_minute');
    await postgres.execute(
      `UPDATE pinflow.metric_table SET view_sha256 = 'another' WHERE name = 'category_per_minute' AND dropped_at IS NULL`,
    );
    await assert.rejects(assertMetricTables(postgres), { kind: 'not_ready' });
    assert.deepEqual(await ensureMetricTables(postgres), ['view metrics.category_per_minute made anew']);
    assert.deepEqual(await postgres.query('SELECT * FROM metrics.category_per_minute'), before);
  });

  test('code that keeps up other metrics than the set-up made writes nothing', async () => {
    const [older, newer] = [await sinkOf([categoryPerMinute]), await sinkOf([...streamMetrics, { ...byHour, name: 'category_per_hour' }])];
    await assert.rejects(older(0), { kind: 'not_ready', message: /workers and node workers\/setup\.ts from the same version/ });
    await assert.rejects(newer(0), { kind: 'fault' });
    assert.deepEqual(await postgres.query('SELECT 1 FROM experimental_data'), []);
  });

  const waiting = (): Promise<unknown> =>
    waitFor(
      async () => (await postgres.query(`SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'experimental_data'::regclass`))[0],
      {
        what: 'somebody who waits for the sink table',
      },
    );

  test('what a sink has not committed yet is in the table that is made meanwhile', async () => {
    const gate = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const accept = await sinkOf(streamMetrics, () => {
      written.resolve();
      return gate.promise;
    });
    const accepted = accept(0, 5);
    await written.promise;
    const made = ensureMetricTables(postgres, [byHour, profilePopularity]);
    await waiting();
    gate.resolve();
    await Promise.all([accepted, made]);
    assert.deepEqual(await windows(), [{ at: '12:00', pins: 2 }]);
  });

  test('a sink of older code that comes while a metric is made waits, and then does not write past it', async () => {
    const hourly: StreamMetric = { ...byHour, name: 'category_per_hour' };
    const gate = Promise.withResolvers<void>();
    const made = Promise.withResolvers<void>();
    const held = holding(postgres, () => {
      made.resolve();
      return gate.promise;
    });
    const setUp = ensureMetricTables(held, [...metrics, hourly]);
    await made.promise;
    const accept = await sinkOf(streamMetrics);
    const refused = assert.rejects(accept(0), { kind: 'not_ready' });
    await waiting();
    gate.resolve();
    await Promise.all([setUp, refused]);
    assert.deepEqual(await postgres.query('SELECT 1 FROM experimental_data'), []);
    await (
      await sinkOf([...streamMetrics, hourly])
    )(0);
    assert.deepEqual(await postgres.query('SELECT pins FROM metrics.category_per_hour'), [{ pins: 1 }]);
  });

  test('a metric that left the list keeps what it has, unattended, and is made anew when it comes back', async () => {
    const without = metrics.filter((metric) => metric !== categoryPerMinute);
    await (
      await sinkOf(streamMetrics)
    )(0);
    await ensureMetricTables(postgres, without);
    await assertMetricTables(postgres, without);
    await (
      await sinkOf([profilePopularity])
    )(0);
    assert.deepEqual(await windows(), [{ at: '12:00', pins: 1 }]);
    await ensureMetricTables(postgres);
    assert.deepEqual(await windows(), [{ at: '12:00', pins: 2 }]);
  });

  test('the transaction waits for no lock for long, ends where its process stands still, and sees what others commit', async () => {
    const { postgresUrl } = stream.environment.config;
    const repeatable = `${postgresUrl}?options=${encodeURIComponent('-c default_transaction_isolation=repeatable\\ read')}`;
    const own = makePostgres({ url: repeatable, applicationName: 'pinflow-test', connectionsMax: 1, statementTimeoutMs: 3_600_000 });
    processes.push(own);
    const names = ['lock_timeout', 'idle_in_transaction_session_timeout', 'client_connection_check_interval', 'transaction_isolation'];
    let found: unknown;
    const looking: Pick<Postgres, 'transaction'> = {
      transaction: (work) =>
        own.transaction(async (statements) => {
          const result = await work(statements);
          found = await statements.query('SELECT name, current_setting(name) AS is FROM unnest($1::text[]) AS name', [names]);
          return result;
        }),
    };
    await ensureMetricTables(looking);
    assert.deepEqual(
      found,
      ['30s', '1min', '10s', 'read committed'].map((is, i) => ({ name: names[i], is })),
    );
  });
});
