import type { Column } from '#domain/kinds/columns.ts';

/** A historical metric: what batch materialises as a mart, and what API and dashboard show. */
export type Metric = {
  /** Name of the mart: lake table, Postgres table in schema `marts`, ad-hoc view. */
  name: string;
  /** One sentence for people. */
  description: string;
  columns: readonly Column[];
  /** The SELECT over the views pins, geo and users (one row an identity), by its name below domain/. */
  batchSql: string;
};
