import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import { toDuckdbFailure } from '#adapters/duckdb/failure.ts';
import type { PlainValue } from '#adapters/duckdb/values.ts';
import { plainValue } from '#adapters/duckdb/values.ts';

/**
 * DuckDB in this process. Each call occupies one thread of libuv's pool while it runs (4 by default, shared with files, DNS
 * and zlib): a process that uses this sets UV_THREADPOOL_SIZE, and heavy SQL goes to a child process (child.ts).
 */
export type DuckdbSettings = {
  threads: number;
  /** Such as `512MB`. Not the whole process: it takes up to a third more. */
  memoryLimit: string;
  /** A folder on real disk to spill into; none means that what does not fit fails. */
  tempDirectory?: string;
  /** Whether rows keep the order of their source where no ORDER BY says otherwise. Costs memory; off by default. */
  keepOrder?: boolean;
  /** Whether failures may quote values: only for SQL that a person wrote. Off by default. */
  showData?: boolean;
  /** Whether `progress` tells anything: costs the engine a little. Off by default. */
  progress?: boolean;
};

export type Row = Record<string, PlainValue>;
export type Parameters = readonly DuckDBValue[];

export type Duckdb = {
  /** Runs one or more statements, for their effect. */
  run(sql: string): Promise<void>;
  /** Runs statements and returns the rows of the last one, as plain values (values.ts says how). */
  rows(sql: string, parameters?: Parameters): Promise<Row[]>;
  /** The same as one array a column, by name. */
  columns(sql: string, parameters?: Parameters): Promise<{ rows: number; columns: Record<string, PlainValue[]> }>;
  /** How far the running statement's current phase is, as the engine counts; -1 percent where it cannot tell. */
  progress(): { rows: number; percent: number };
  /** Ends the running statement with a Failure `timeout`. */
  interrupt(): void;
  close(): void;
};

/** Opens an in-memory instance with a connection. Calls queue up: a connection runs one statement at a time. */
export async function openDuckdb(settings: DuckdbSettings): Promise<Duckdb> {
  const instance = await openInstance(settings);
  const connection = await connect(instance, settings);
  const showData = settings.showData ?? false;
  let last: Promise<unknown> = Promise.resolve();
  const queued = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = last.then(() => translated(work, showData));
    last = result.catch(() => undefined);
    return result;
  };
  const read = (sql: string, parameters?: Parameters) =>
    queued(() => connection.runAndReadAll(sql, parameters === undefined ? undefined : [...parameters]));
  return {
    run: (sql) =>
      queued(async () => {
        await connection.run(sql);
      }),
    async rows(sql, parameters) {
      const reader = await read(sql, parameters);
      return reader.getRowObjects().map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plainValue(value)])));
    },
    async columns(sql, parameters) {
      const reader = await read(sql, parameters);
      const columns = reader.getColumnsObject();
      return {
        rows: reader.currentRowCount,
        columns: Object.fromEntries(reader.deduplicatedColumnNames().map((name) => [name, (columns[name] ?? []).map(plainValue)])),
      };
    },
    progress() {
      const { rows_processed: rows, percentage: percent } = connection.progress;
      return { rows: Number(rows), percent };
    },
    interrupt: () => connection.interrupt(),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** Opens an instance with the settings that hold for all its connections. */
export async function openInstance(settings: DuckdbSettings): Promise<DuckDBInstance> {
  return translated(
    () =>
      DuckDBInstance.create(':memory:', {
        threads: String(settings.threads),
        memory_limit: settings.memoryLimit,
        // An empty one forbids spilling; the default would be a folder in the working directory.
        temp_directory: settings.tempDirectory ?? '',
        preserve_insertion_order: String(settings.keepOrder ?? false),
        // Nothing is fetched from outside: the engine brings all it needs.
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
        allow_community_extensions: 'false',
      }),
    settings.showData ?? false,
  );
}

/** Opens a connection with the settings that each one needs for itself. */
export async function connect(instance: DuckDBInstance, settings: DuckdbSettings): Promise<DuckDBConnection> {
  return translated(async () => {
    const connection = await instance.connect();
    // Both rules gave wrong rows in 1.5.0 to 1.5.5 (duckdb/duckdb#24363, #23677); dedupe does without them.
    await connection.run(`SET GLOBAL disabled_optimizers = 'top_n_window_elimination,window_self_join'; SET TimeZone = 'UTC'`);
    // Without the bar the engine does not count; its picture would go to our stdout.
    if (settings.progress === true) await connection.run(`SET enable_progress_bar = true; SET enable_progress_bar_print = false`);
    return connection;
  }, settings.showData ?? false);
}

/** Runs `work`; what DuckDB throws comes out as a Failure. */
export async function translated<Result>(work: () => Promise<Result>, showData: boolean): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw toDuckdbFailure(error, showData);
  }
}
