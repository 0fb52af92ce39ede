/** What `GET /api/sql` answers: what can be asked, and how. */
export type SqlDesk = { tables: SqlTable[]; examples: SqlExample[]; limits: { rows: number; seconds: number } };
export type SqlTable = { name: string; about: string; columns: { name: string; type: string }[] };
export type SqlExample = { title: string; sql: string };

/** What `POST /api/sql` answers. */
export type SqlAnswer = {
  columns: { name: string; type: string }[];
  rows: Record<string, unknown>[];
  /** Whether there are more rows than are here. */
  truncated: boolean;
  /** That the answer is of; null before the first. */
  generation: number | null;
  note: string | null;
  /** From the question's arrival to its answer. */
  ms: number;
};
