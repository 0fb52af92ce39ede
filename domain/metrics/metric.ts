import type { Column } from '#domain/kinds/columns.ts';
import type { Kind } from '#domain/kinds/list.ts';

/**
 * A metric is a folder: this description, `batch.sql` and/or the stream's SELECTs, and `cases.json`. What is not said
 * here (tables, merging statements, views) is derived from it.
 */
export type Metric = {
  /** In snake_case. Of a mart: lake table, Postgres table in schema `marts`, ad-hoc view. Of the stream: view in schema `metrics`. */
  name: string;
  /** One sentence for people. */
  description: string;
  /** What its numbers are of. */
  unit: string;
  /** Of the answer, in order. */
  columns: readonly Column[];
  /** How people see it on the page. */
  picture: Picture;
  /** The SELECT over the views pins, geo and users (one row an identity), by its name below domain/: makes it a mart. */
  batchSql?: string;
  stream?: StreamForm;
};

/**
 * - `bars`: a bar a row, the longest first; `labels` together say what it is of.
 * - `lines`: a line a `series` over `time`.
 */
export type Picture =
  | { form: 'bars'; labels: readonly string[]; value: string }
  | { form: 'lines'; time: string; series: string; value: string };

/** A historical metric, materialised from a generation of the lake. */
export type Mart = Metric & { batchSql: string };

/** A real-time metric, kept up by the transactions of the stream. */
export type StreamMetric = Metric & { stream: StreamForm };

/**
 * How a metric follows identities. Its table holds partial results, a row per key and partition of the positions, so that
 * slots never wait for each other; its view merges them. SELECTs are named by their file below domain/. Over `upserted`,
 * a row an identity that a batch wrote to, they see `inserted`, `newer`, `changed`, the columns of `reads` and first_topic,
 * first_partition, first_offset, first_append_time; and all of these with `old_` before, NULL where `inserted`.
 */
export type StreamForm = {
  /** Whose identities it follows. */
  kind: Kind;
  /** Columns of the identity that its SELECTs read; no other leaves the upsert. */
  reads: readonly string[];
  key: readonly KeyColumn[];
  values: readonly ValueColumn[];
  /** Columns of the one row of the relation `parameters`, which all its SELECTs may read. */
  parameters?: Readonly<Record<string, string | number>>;
  /** Over `upserted` -> the key, topic, partition and what each value changes by. */
  changesSql: string;
  /** For what changes cannot tell, such as the latest of a group that lost its latest. */
  correction?: {
    /** Over `upserted` -> key, topic, partition of the rows that must be computed anew, each once. */
    hitSql: string;
    /** Over `hit` and `identities` (columns of `reads` and first_*) -> all of a row, computed from the identities. */
    recomputeSql: string;
  };
  /** Over `merged` (key, values, revision, updated_at of all partitions together) and `identities` -> the columns of the answer. */
  viewSql: string;
};

/** `long`: a text that may be longer than an index row, so that its hash stands in for it in the primary key; only such a one may be NULL. */
export type KeyColumn = { name: string; postgres: string; long?: 'never NULL' | 'or NULL' };

/** A partial result: how two of them become one. What no type bounds (a sum over clients' numbers) is `numeric`: where it overflows, its partition holds. */
export type ValueColumn = { name: string; postgres: string; merge: Merge };

/**
 * - `sum`: changes are added.
 * - `max`: the greater one stays.
 * - `latest`: the one with the later position stays; it stands in `<name>_append_time` and `<name>_offset`, NULL without a value.
 * - `set`: arrays of texts, united; sorted, each text once.
 */
export type Merge = 'sum' | 'max' | 'latest' | 'set';
