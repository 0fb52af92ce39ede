import assert from 'node:assert/strict';
import { test } from 'node:test';
import { domainSqlBelow } from '#adapters/duckdb/sql-files.ts';
import type { KindDefinition } from '#domain/kinds/kind.ts';
import { rowNumberNames } from '#domain/kinds/kind.ts';
import { cleanColumnsOf, kindDefinitions } from '#domain/kinds/list.ts';
import { marts } from '#domain/metrics/list.ts';

const definitions: readonly KindDefinition[] = kindDefinitions;
const isRowNumber = (name: string): boolean => rowNumberNames.some((one) => one === name);

function assertUnique(what: string, names: readonly string[]): void {
  assert.deepEqual(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
    `${what} that stand twice`,
  );
}

test('no two kinds share a name, an ending, a table or a view', () => {
  assertUnique(
    'names',
    definitions.map(({ name }) => name),
  );
  assertUnique(
    'endings',
    definitions.flatMap(({ endings }) => endings),
  );
  assertUnique('lake tables and views', [
    'rejects',
    'intervals',
    ...marts.map(({ name }) => name),
    ...definitions.flatMap(({ lakeTable, view }) => [lakeTable, view]),
  ]);
  assertUnique(
    'tables of the sink',
    definitions.map(({ sinkTable }) => sinkTable),
  );
  assertUnique(
    'tables of the emulator',
    definitions.flatMap(({ emulated }) => (emulated === undefined ? [] : [emulated.table])),
  );
});

test('no macro of cleaning is made twice: the later one would clean for both', () => {
  const files = { ...domainSqlBelow('clean'), ...domainSqlBelow('kinds') };
  const macros = Object.values(files).flatMap((text) =>
    [...text.matchAll(/CREATE OR REPLACE MACRO (\w+)/g)].map(([, macro = '']) => macro),
  );
  assert.ok(macros.length > 10, macros.join());
  assertUnique('macros', macros);
});

for (const { name, endings, fields, identity, sortedBy, wire, emulated } of definitions) {
  test(`${name}: names are such that topics, URLs and SQL can hold them`, () => {
    for (const word of [name, ...endings]) assert.match(word, /^[a-z]+$/);
    for (const field of [...fields, ...wire]) assert.match(field.name, /^[a-z][a-z_]*$/);
    assert.ok(endings.includes(name), 'a name that ends in the kind means the kind');
  });

  test(`${name}: every column stands once, and rows of a lake file have one order`, () => {
    const columns = cleanColumnsOf[name as keyof typeof cleanColumnsOf].map((column) => column.name);
    assertUnique('columns', [...columns, 'reject']);
    assertUnique(
      'members',
      wire.map((member) => member.name),
    );
    for (const column of sortedBy) assert.ok(columns.includes(column), `sorted by ${column}, which is no column`);
    assert.equal(sortedBy.at(-1), identity, 'an order that ends in the identity leaves no two orders');
  });

  test(`${name}: the identity is a row number and a BIGINT, or neither and a text that clients send`, () => {
    // The door goes by the name (row-key.ts), the sink and the lake by the type.
    const field = fields.find((one) => one.name === identity);
    assert.equal(field?.duckdb, isRowNumber(identity) ? 'BIGINT' : 'VARCHAR');
    assert.ok(wire.some((member) => (isRowNumber(identity) ? isRowNumber(member.name) : member.name === identity)));
  });

  test(`${name}: the emulator's table has its key among its columns`, () => {
    if (emulated !== undefined) assert.ok(wire.find((member) => member.name === emulated.key)?.sourceType !== undefined);
  });
}
