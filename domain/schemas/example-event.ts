import { definitionOf, exampleKind } from '#domain/kinds/list.ts';
import { exampleRows } from '#domain/kinds/samples.ts';

const kind = exampleKind.name;
const row = exampleRows[kind];

/** The event that the examples of all dialects show. */
export const exampleEvent = { kind, row, key: String(row[definitionOf[kind].identity]) };
