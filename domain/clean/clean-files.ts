/** Statements of cleaning that do not belong to one kind, by their names below domain/. */
export const cleanFiles = {
  /** CREATE MACRO statements that the SELECTs of all kinds use; a kind's own macros.sql comes after it. */
  macros: 'clean/macros.sql',
  /** `raw_lines` (+ topic) -> `records`. */
  fromRawLines: 'clean/from-raw-lines.sql',
  /** `keyed` (identity, append_time, partition, offset) -> the latest of each identity, same columns. */
  latestPerIdentity: 'clean/latest-per-identity.sql',
  /** `all_records`, `winners` -> the records that won. */
  winningRecords: 'clean/winning-records.sql',
  /** `cleaned`, `raw_lines`, `kind_name` -> rows of the lake table `rejects`. */
  rejects: 'clean/rejects.sql',
} as const;
