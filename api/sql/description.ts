import { describeOperation } from '#api/describe/describe-operation.ts';
import { bodyRefusals } from '#api/describe/refusals.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { reference, schemaOf } from '#api/openapi/json-schema.ts';
import { refuseStatement } from '#api/sql/refusals.ts';
import { bodyLimits, sqlShape, sqlWish } from '#api/sql/routes.ts';
import { Failure } from '#domain/failures.ts';
import { answerRowsMax, statementMsMax, statementsMax, tooManyStatements } from '#questions/sql-desk.ts';

const list: Json = { type: 'array', items: { type: 'object' } };

/** Ad-hoc SQL over the newest generation. */
export function describeSql(): Json {
  return {
    '/api/sql': {
      get: describeOperation({
        operationId: 'sqlTables',
        tags: ['Reading'],
        summary: 'What SQL may name, and examples',
        scope: 'read',
        answers: {
          200: {
            description: 'Tables, examples and limits.',
            schema: { type: 'object', required: ['tables', 'examples', 'limits'], properties: { tables: list, examples: list } },
          },
        },
      }),
      post: describeOperation({
        operationId: 'askSql',
        tags: ['Reading'],
        summary: 'Ask the lake in DuckDB’s SQL',
        description: `One reading statement over the newest generation, in a process of its own that reaches nothing else; it ends with its request. At most ${answerRowsMax.toLocaleString('en-US')} rows and ${statementMsMax / 1_000} s; ${statementsMax} at one time: 503.`,
        scope: 'read',
        body: schemaOf(sqlWish),
        answers: {
          200: {
            description: 'The rows.',
            schema: {
              type: 'object',
              required: ['columns', 'rows', 'truncated', 'generation', 'note', 'ms'],
              properties: { columns: list, rows: list },
            },
          },
        },
        meanings: { 504: 'The statement took too long and was ended.' },
        refusals: {
          'too-many': refuseStatement(tooManyStatements()),
          'too-long': refuseStatement(new Failure('timeout', `The query took longer than ${statementMsMax} ms and was ended.`)),
          ...bodyRefusals(bodyLimits),
        },
        also: { 422: reference('schemas', 'Detail') },
        exchanges: {
          'no-statement': {
            summary: 'Without a statement',
            body: {},
            status: 422,
            answer: { detail: `sql: Invalid input: expected string, received undefined; ${sqlShape}` },
          },
        },
      }),
    },
  };
}
