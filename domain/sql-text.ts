/** A text as SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A relation over local Parquet files of one schema. */
export function parquetList(files: readonly string[]): string {
  return `read_parquet([${files.map(literal).join(', ')}])`;
}
