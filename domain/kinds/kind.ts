import type { Column } from '#domain/kinds/columns.ts';

/** A member of a client's row. */
export type WireField = {
  name: string;
  /** Value of the documents' example and of the sample that is known to be good. */
  example: unknown;
  /** What it may be where a route takes whole rows only, as `POST /pin/` does; default `text`. Every other route takes anything. */
  strict?: 'text' | 'optional text' | 'integer' | 'flag';
  /** For the documents, of what its name does not tell. */
  description?: string;
  /** Type of its column in the emulator's table of the kind; absent where that has none, and the emulator does not post the member. */
  sourceType?: 'bigint' | 'int' | 'text' | 'timestamp' | 'double precision';
};

/**
 * All that is true about a kind of event. Its folder also holds clean.sql (the SELECT over `records`, see
 * domain/clean/macros.sql), keys.sql (identity and coordinates of the clean rows) and, where it reads texts that no other kind
 * has, macros.sql; lists of columns, the sink's statements, the lake's schemas, the row schemas and the emulator's reading are
 * derived from this.
 */
export type KindDefinition = {
  name: string;
  /** One sentence for the documents, about a row as clients send it. */
  description: string;
  /** Last parts of topic and stream names that mean the kind. */
  endings: readonly string[];
  lakeTable: string;
  /** Ad-hoc view, one row an identity. */
  view: string;
  sinkTable: string;
  /**
   * The field that tells one thing from another. A BIGINT is the row number, which clients send under one of its names
   * (`rowNumberNames`); a VARCHAR is sent under its own name.
   */
  identity: string;
  /** What cleaning makes of a row, in the order of the clean table. The SELECT gives these and the columns of columns.ts, then `reject`. */
  fields: readonly Column[];
  /** ORDER BY of a lake file: makes it reproducible, and its row groups' ranges narrow. Ends in what is unique. */
  sortedBy: readonly string[];
  /** In the order in which clients send them, which is that of validation errors. Row numbers go by the name that this kind's clients use. */
  wire: readonly WireField[];
  /** The emulator's table of rows of this kind, and the column that joins it to the others; absent where it posts none. */
  emulated?: { table: string; key: string };
};

/** The row number has three names; domain/kinds/row-key.ts says which counts. */
export const rowNumberNames = ['index', 'ind', 'idx'] as const;
