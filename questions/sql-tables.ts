import type { SqlDesk } from '#domain/answers/sql.ts';
import type { Column } from '#domain/kinds/columns.ts';
import { cleanColumnsOf, kindDefinitions } from '#domain/kinds/list.ts';
import { exampleQuestion, exampleTitle } from '#domain/kinds/pin/example-question.ts';
import { lakeTableShapes } from '#domain/lake/tables.ts';
import { marts } from '#domain/metrics/list.ts';
import { answerRowsMax, statementMsMax } from '#questions/sql-desk.ts';
import { intervalColumns } from '#questions/interval-relation.ts';

/** What a statement may name, and some to begin with. */
export function describeSqlDesk(): SqlDesk {
  return {
    tables: [
      ...kindDefinitions.map(({ name, view }) => ({
        name: view,
        about: 'a row per identity, the latest',
        columns: shown(cleanColumnsOf[name]),
      })),
      { name: 'rejects', about: 'records that cleaning refused, with the reason', columns: shown(lakeTableShapes['rejects'].columns) },
      { name: 'intervals', about: 'the ledger of the batch', columns: intervalColumns },
      ...marts.map(({ name, description, columns }) => ({ name, about: description, columns: shown(columns) })),
    ],
    examples: [
      { title: exampleTitle, sql: exampleQuestion },
      {
        title: 'What was refused, and why',
        sql: 'SELECT kind, reason, count(*) AS records\nFROM rejects\nGROUP BY ALL\nORDER BY records DESC',
      },
      {
        title: 'The last intervals',
        sql: 'SELECT start, state, records, clean, rejects, duplicates\nFROM intervals\nORDER BY start DESC\nLIMIT 20',
      },
      { title: 'What a table looks like', sql: `SUMMARIZE ${kindDefinitions[0].view}` },
    ],
    limits: { rows: answerRowsMax, seconds: statementMsMax / 1_000 },
  };
}

function shown(columns: readonly Column[]): { name: string; type: string }[] {
  return columns.map(({ name, duckdb }) => ({ name, type: duckdb }));
}
