import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import type { Stack } from '#test/support/stack.ts';
import { startStack } from '#test/support/stack.ts';
import { waitFor } from '#test/support/servers.ts';

/**
 * A fourth kind is a folder, an entry in the list and a migration: an invented one, `board`, is added to a copy of the
 * project, and goes through the whole pipeline as its own processes run it.
 */
const project = fileURLToPath(new URL('../../', import.meta.url));
const kindFolder = join(project, 'test/e2e/board-kind');

let copy: string;
let stack: Stack;
before(async () => {
  copy = mkdtempSync(join(tmpdir(), 'pinflow-fourth-kind-'));
  const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: project, encoding: 'utf8' });
  for (const path of tracked.split('\n').filter((one) => one !== '' && !/^(test|docs|bench|deploy)\//.test(one))) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(project, path), join(copy, path));
  }
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
  addBoard();
  stack = await startStack({ BATCH_INTERVAL_MS: '5000', LANDING_FLUSH_MS: '1000' }, { project: copy });
});
after(async () => {
  await stack.stop();
  rmSync(copy, { recursive: true });
});

function addBoard(): void {
  const folder = join(copy, 'domain/kinds/board');
  mkdirSync(folder);
  for (const file of ['fields.ts', 'clean.sql', 'keys.sql']) cpSync(join(kindFolder, file), join(folder, file));
  const list = join(copy, 'domain/kinds/list.ts');
  const before = readFileSync(list, 'utf8');
  const entry = before.replace('[pin, geo, user] as const', '[pin, geo, user, board] as const');
  assert.notEqual(entry, before);
  writeFileSync(list, `import { board } from '#domain/kinds/board/fields.ts';\n${entry}`);
  const migrations = join(copy, 'workers/migrations');
  const number = String(readdirSync(migrations).length + 1).padStart(4, '0');
  cpSync(join(kindFolder, 'migration.sql'), join(migrations, `${number}-board.sql`));
}

/** Posts rows to a topic of the Confluent dialect. */
async function post(topic: string, rows: readonly object[]): Promise<number> {
  const { status } = await fetch(`${stack.doorUrl}/topics/${topic}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/vnd.kafka.json.v2+json' },
    body: JSON.stringify({ records: rows.map((value) => ({ value })) }),
  });
  return status;
}

test('a fourth kind goes through door, landing, batch and stream', async () => {
  assert.equal(await post('x.board', [{ board_id: 'b-1', name: 'Rainy days', pins: '12' }]), 200);
  assert.equal(await post('x.boards', [{ board_id: 'b-2', name: '', pins: 'many', colour: 'red' }]), 200);
  assert.equal(await post('x.board', [{ board_id: 'b-1', name: 'Rainy days', pins: 13 }]), 200);
  assert.equal(await post('x.board', [{ name: 'Nobody’s' }]), 422, 'a board without its identity');
  assert.equal(await post('x.pin', [{ unique_id: 'p-1', index: 1, title: 'A pin beside them' }]), 200);

  const rows = [
    { board_id: 'b-1', name: 'Rainy days', pins: 13, nulled: null, extra: null },
    {
      board_id: 'b-2',
      name: null,
      pins: null,
      nulled: [
        { field: 'name', raw: '', reason: 'empty' },
        { field: 'pins', raw: 'many', reason: 'unparseable' },
      ],
      extra: { colour: 'red' },
    },
  ];
  const columns = 'board_id, name, pins, nulled, extra';
  const stored = (): Promise<unknown[]> => stack.postgres.query(`SELECT ${columns} FROM public.board ORDER BY 1`);
  await waitFor(async () => (await stack.streamed()) === 4, { what: 'the stream' });
  assert.deepEqual(await stored(), rows);
  await waitFor(async () => (await stack.published()) === 4, { what: 'the batch' });
  const lake = await stack.sql(`SELECT ${columns} FROM boards ORDER BY 1`);
  const parsed = (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : text);
  assert.deepEqual(
    lake.map((row) => ({ ...row, nulled: parsed(row['nulled']), extra: parsed(row['extra']) })),
    rows,
  );
  assert.deepEqual(await stack.sql('SELECT unique_id FROM pins'), [{ unique_id: 'p-1' }]);
});
