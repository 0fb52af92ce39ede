import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { column } from '#domain/kinds/columns.ts';
import type { Snapshot } from '#domain/lake/delta.ts';
import { applyCommit, commitPath, emptySnapshot, encodeCommit, parseCommit, runOfCommit, schemaString } from '#domain/lake/delta.ts';
import type { TableChange } from '#domain/lake/publish-plan.ts';
import { planTableCommit } from '#domain/lake/publish-plan.ts';

const change = (over: Partial<TableChange>): TableChange => ({
  table: 't',
  columns: [column('a', 'BIGINT')],
  partitioned: true,
  replaces: 'interval',
  files: [],
  ...over,
});
const file = (path: string): TableChange['files'][number] => ({ path, bytes: 10, rows: 2, partitionDate: '2026-01-01' });

/** Commits changes one after the other, through bytes. */
function commitAll(steps: { change: TableChange; interval?: string; run: string }[]): Snapshot {
  let snapshot: Snapshot = emptySnapshot;
  for (const { change: wanted, ...publisher } of steps) {
    const actions = planTableCommit(snapshot, wanted, publisher, 1_000, 'id');
    if (actions !== undefined) snapshot = applyCommit(snapshot, parseCommit(encodeCommit(actions)));
  }
  return snapshot;
}

describe('the Delta log', () => {
  test('versions are 20 digits', () => assert.equal(commitPath(12), '_delta_log/00000000000000000012.json'));

  test('a schema names columns, then the partition column', () => {
    assert.deepEqual(JSON.parse(schemaString([column('a', 'BIGINT'), column('b', 'VARCHAR[]'), column('c', 'TIMESTAMPTZ')], ['dt'])), {
      type: 'struct',
      fields: [
        { name: 'a', type: 'long', nullable: true, metadata: {} },
        { name: 'b', type: { type: 'array', elementType: 'string', containsNull: true }, nullable: true, metadata: {} },
        { name: 'c', type: 'timestamp', nullable: true, metadata: {} },
        { name: 'dt', type: 'date', nullable: true, metadata: {} },
      ],
    });
  });

  test('the first commit creates the table, with or without files', () => {
    const actions = planTableCommit(emptySnapshot, change({}), { run: 'r', interval: 'i' }, 1_000, 'id')!;
    assert.deepEqual(
      actions.map((action) => Object.keys(action)[0]),
      ['commitInfo', 'protocol', 'metaData'],
    );
    assert.equal(runOfCommit(actions), 'r');
  });

  test('a table that stays as it is gets no commit', () => {
    const snapshot = commitAll([{ change: change({}), run: 'r' }]);
    assert.equal(planTableCommit(snapshot, change({}), { run: 's', interval: 'i' }, 1_000, 'id'), undefined);
  });

  test('an interval replaces its own files only, marts replace all', () => {
    const steps = [
      { change: change({ files: [file('a')] }), run: '1', interval: 'i' },
      { change: change({ files: [file('b')] }), run: '2', interval: 'j' },
      { change: change({ files: [file('c')] }), run: '3', interval: 'i' },
    ];
    assert.deepEqual(
      commitAll(steps).files.map(({ path }) => path),
      ['b', 'c'],
    );
    assert.deepEqual(
      commitAll([...steps, { change: change({ files: [file('d')], replaces: 'all' }), run: '4' }]).files.map(({ path }) => path),
      ['d'],
    );
  });

  test('a changed schema is written down, and the table keeps its id', () => {
    const snapshot = commitAll([
      { change: change({}), run: '1' },
      { change: change({ columns: [column('a', 'BIGINT'), column('b', 'VARCHAR')] }), run: '2' },
    ]);
    assert.equal(snapshot.version, 1);
    assert.equal(snapshot.metaData?.id, 'id');
    assert.match(snapshot.metaData?.schemaString ?? '', /"name":"b"/);
  });

  test('after any order of publishes a table holds the last file of each interval', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('i', 'j', 'k')), (intervals) => {
        const snapshot = commitAll(
          intervals.map((interval, n) => ({ change: change({ files: [file(String(n))] }), run: String(n), interval })),
        );
        const last = [...new Set(intervals)].map((interval) => String(intervals.lastIndexOf(interval)));
        assert.deepEqual(snapshot.files.map(({ path }) => path).toSorted(), last.toSorted());
        assert.equal(snapshot.version, intervals.length - 1);
      }),
    );
  });
});
