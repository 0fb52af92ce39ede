import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { PlainValue } from '#adapters/duckdb/values.ts';
import type { Row } from '#adapters/duckdb/connection.ts';
import { cleanColumnsOf, kinds } from '#domain/kinds/list.ts';
import type { DuckdbType } from '#domain/kinds/columns.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { exampleRows } from '#domain/kinds/samples.ts';
import type { Halves } from '#test/domain/clean/halves.ts';
import { openHalves, recordsOf } from '#test/domain/clean/halves.ts';

type FieldCase = [given: unknown, expected: PlainValue, reason?: string | null, column?: string];
type RecordCase = { name: string; kind: Kind; value?: object; text?: string; base64?: string; row: Row };

const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as T;
const fields = read<Record<Kind, Record<string, FieldCase[]>>>('fields.json');
const records = read<RecordCase[]>('records.json');

describe('cleaning', () => {
  let halves: Halves;
  before(async () => {
    halves = await openHalves();
  });
  after(() => halves.close());

  async function checkBoth(kind: Kind, values: Buffer[], check: (row: Row, i: number) => void): Promise<void> {
    const given = recordsOf(values, [
      ['received-at', Buffer.from('2026-01-02T03:04:05.678Z')],
      ['event-id', Buffer.from('e-1')],
    ]);
    const batch = await halves.batch(kind, given);
    const stream = await halves.stream(kind, given);
    assert.equal(batch.length, values.length);
    for (const [i, row] of batch.entries()) {
      check(row, i);
      if (row['reject'] === null) assert.deepEqual(stream[i], row, 'batch and stream differ');
      else assert.equal(stream[i]!['reject'], row['reject'], 'batch and stream differ');
    }
  }

  for (const kind of kinds) {
    for (const [field, cases] of Object.entries(fields[kind])) {
      test(`${kind}.${field}: ${cases.length} values`, async () => {
        await checkBoth(
          kind,
          cases.map(([given]) => Buffer.from(JSON.stringify({ ...exampleRows[kind], [field]: given }))),
          (row, i) => {
            const [given, expected, reason = null, column = field] = cases[i]!;
            assert.equal(row['reject'], null);
            assert.deepEqual(row[column], expected, `${field} of ${JSON.stringify(given)}`);
            const nulled = row['nulled'] === null ? [] : (JSON.parse(row['nulled'] as string) as { field: string; reason: string }[]);
            assert.deepEqual(
              nulled.map((note) => [note.field, note.reason]),
              reason === null ? [] : [[column, reason]],
              `notes of ${JSON.stringify(given)}`,
            );
          },
        );
      });
    }
  }

  // One run a kind for all of its cases; planning the SELECT is what takes time.
  const runs = new Map<Kind, Promise<Map<string, Row>>>();
  const rowsOf = (kind: Kind): Promise<Map<string, Row>> => {
    let run = runs.get(kind);
    if (run === undefined) runs.set(kind, (run = runRecords(kind)));
    return run;
  };
  async function runRecords(kind: Kind): Promise<Map<string, Row>> {
    const cases = records.filter((one) => one.kind === kind);
    const rows = new Map<string, Row>();
    const bytesOf = ({ value, base64, text }: RecordCase): Buffer =>
      value !== undefined ? Buffer.from(JSON.stringify(value)) : base64 !== undefined ? Buffer.from(base64, 'base64') : Buffer.from(text!);
    await checkBoth(kind, cases.map(bytesOf), (row, i) => rows.set(cases[i]!.name, row));
    return rows;
  }
  for (const { name, kind, row: expected } of records) {
    test(`${kind}: ${name}`, async () => {
      const row = (await rowsOf(kind)).get(name)!;
      for (const [column, wanted] of Object.entries(expected)) {
        const found = row[column];
        assert.deepEqual(
          (column === 'nulled' || column === 'extra') && typeof found === 'string' ? JSON.parse(found) : found,
          wanted,
          column,
        );
      }
    });
  }

  test('no value at all is malformed_json', async () => {
    const given = recordsOf([null]);
    assert.equal((await halves.batch('pin', given))[0]!['reject'], 'malformed_json');
    assert.equal((await halves.stream('pin', given))[0]!['reject'], 'malformed_json');
  });

  test('unique_id is counted in bytes', async () => {
    const values = ['é'.repeat(256), 'é'.repeat(256) + 'x'].map((unique_id) => Buffer.from(JSON.stringify({ unique_id })));
    await checkBoth('pin', values, (row, i) => assert.equal(row['reject'], i === 0 ? null : 'key_too_long'));
  });

  test('too deep is a reject, a hundred levels are not', async () => {
    const nested = (levels: number) => Buffer.from(`{"unique_id":"u","x":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`);
    await checkBoth('pin', [nested(100), nested(101), nested(100_000)], (row, i) =>
      assert.equal(row['reject'], i === 0 ? null : 'too_deep'),
    );
  });

  test('headers and coordinates pass through', async () => {
    await checkBoth('user', [Buffer.from('{"ind":1}')], (row) => {
      assert.deepEqual(
        [row['topic'], row['partition'], row['offset'], row['append_time'], row['event_id'], row['received_at']],
        ['test', 0, 0, '2023-11-14T22:13:20.000000Z', 'e-1', '2026-01-02T03:04:05.678000Z'],
      );
    });
  });

  test('blanks are those of trim()', async () => {
    const points = Array.from({ length: 0xffff }, (_, i) => i + 1).filter((point) => point < 0xd800 || point > 0xdfff);
    const [row] = await halves.duckdb.rows(
      `SELECT list(point ORDER BY point) AS blank FROM (SELECT unnest([${points.join()}]) AS point) WHERE is_blank(chr(point)) AND trimmed(chr(point) || 'x' || chr(point)) = 'x'`,
    );
    assert.deepEqual(
      row!['blank'],
      points.filter((point) => String.fromCodePoint(point).trim() === ''),
    );
  });

  test("each SELECT gives the columns that the kind's fields say, in order and type", async () => {
    const types: Partial<Record<DuckdbType, string>> = { TIMESTAMPTZ: 'TIMESTAMP WITH TIME ZONE' };
    for (const kind of kinds) {
      const columns = cleanColumnsOf[kind].map(({ name, duckdb }) => ({ name, duckdb: types[duckdb] ?? duckdb }));
      assert.deepEqual(await halves.columns(kind), [...columns, { name: 'reject', duckdb: 'VARCHAR' }]);
    }
  });
});
