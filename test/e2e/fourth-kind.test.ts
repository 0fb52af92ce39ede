import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { exampleRows } from '#domain/kinds/samples.ts';
import type { Insertion } from '#test/e2e/pin-field.ts';
import { pinField, pinFieldMigration } from '#test/e2e/pin-field.ts';
import type { Stack } from '#test/support/stack.ts';
import { startStack } from '#test/support/stack.ts';
import { waitFor } from '#test/support/servers.ts';

/**
 * A fourth kind is a folder, an entry in the list and a migration; one more field of a pin is its kind's folder and a
 * migration. Invented ones, the kind `board` and the field `board_name`, are added to a copy of the project, which must
 * compile, and go through the whole pipeline as its own processes run it.
 */
const project = fileURLToPath(new URL('../../', import.meta.url));
const kindFolder = join(project, 'test/e2e/board-kind');

let copy: string;
let stack: Stack | undefined;
before(async () => {
  copy = mkdtempSync(join(tmpdir(), 'pinflow-fourth-kind-'));
  const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: project, encoding: 'utf8' });
  for (const path of tracked.split('\n').filter((one) => one !== '' && !/^(test|docs|bench|deploy)\//.test(one))) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(project, path), join(copy, path));
  }
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
  addBoard();
  addPinField();
  stack = await startStack({ BATCH_INTERVAL_MS: '5000', LANDING_FLUSH_MS: '1000' }, { project: copy });
});
after(async () => {
  try {
    await stack?.stop();
  } finally {
    rmSync(copy, { recursive: true });
  }
});

function addBoard(): void {
  const folder = join(copy, 'domain/kinds/board');
  mkdirSync(folder);
  for (const file of ['fields.ts', 'clean.sql', 'keys.sql']) cpSync(join(kindFolder, file), join(folder, file));
  const list = 'domain/kinds/list.ts';
  insert({ file: list, after: '[pin, geo, user', insert: ', board' });
  writeFileSync(join(copy, list), `import { board } from '#domain/kinds/board/fields.ts';\n${readFileSync(join(copy, list), 'utf8')}`);
  addMigration('board', readFileSync(join(kindFolder, 'migration.sql'), 'utf8'));
}

function addPinField(): void {
  for (const insertion of pinField) insert(insertion);
  addMigration('board-name', pinFieldMigration);
}

function insert({ file, after: anchor, insert: text, times = 1 }: Insertion): void {
  const parts = readFileSync(join(copy, file), 'utf8').split(anchor);
  assert.equal(parts.length - 1, times, `${file} holds ${anchor} another number of times: write the insertion anew`);
  writeFileSync(join(copy, file), parts.join(anchor + text));
}

function addMigration(name: string, sql: string): void {
  const migrations = join(copy, 'workers/migrations');
  const number = String(readdirSync(migrations).length + 1).padStart(4, '0');
  writeFileSync(join(migrations, `${number}-${name}.sql`), sql);
}

/** Posts a body; answers with the status and, of a refusal by `POST /pin/`, what it says of the fields. */
async function post(path: string, contentType: string, body: object): Promise<[status: number, errors?: unknown]> {
  const answer = await fetch(`${stack!.doorUrl}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': contentType },
    body: JSON.stringify(body),
  });
  const { detail } = (await answer.json()) as { detail?: { type: string; loc: string[] }[] };
  return detail === undefined ? [answer.status] : [answer.status, detail.map(({ type, loc }) => [type, ...loc])];
}

/** Posts a row to a topic of the Confluent dialect. */
async function postToTopic(topic: string, row: object): Promise<number> {
  const [status] = await post(`/topics/${topic}`, 'application/vnd.kafka.json.v2+json', { records: [{ value: row }] });
  return status;
}

/** Rows with what notes them as values: Postgres gives json, DuckDB its text. */
function parsed(rows: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  const value = (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : text);
  return rows.map((row) => ({ ...row, nulled: value(row['nulled']), extra: value(row['extra']) }));
}

/** Waits until all that was posted is where rows are. */
async function waitForRows(count: number): Promise<void> {
  await waitFor(async () => (await stack!.streamed()) === count, { what: 'the stream' });
  await waitFor(async () => (await stack!.published()) === count, { what: 'the batch' });
}

test('what they are added to compiles, and needs no other change', () => {
  // Types alone, and by the linter's compiler: that takes a third of the time of tsc.
  const options = ['--type-aware', '--type-check', '--allow=all', '--config=types-only.json'];
  writeFileSync(join(copy, 'types-only.json'), '{}');
  const { status, stdout } = spawnSync(process.execPath, [join(copy, 'node_modules/oxlint/bin/oxlint'), ...options, '.'], {
    cwd: copy,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /Found 0 warnings and 0 errors/);
});

test('a fourth kind goes through door, landing, batch and stream', async () => {
  assert.equal(await postToTopic('x.board', { board_id: 'b-1', name: 'Rainy days', pins: '12' }), 200);
  assert.equal(await postToTopic('x.boards', { board_id: 'b-2', name: '', pins: 'many', colour: 'red' }), 200);
  assert.equal(await postToTopic('x.board', { board_id: 'b-1', name: 'Rainy days', pins: 13 }), 200);
  assert.equal(await postToTopic('x.board', { name: 'Nobody’s' }), 422, 'a board without its identity');
  assert.equal(await postToTopic('x.pin', { unique_id: 'p-1', index: 1, title: 'A pin beside them' }), 200);

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
  await waitForRows(4);
  assert.deepEqual(parsed(await stack!.postgres.query(`SELECT ${columns} FROM public.board ORDER BY 1`)), rows);
  assert.deepEqual(parsed(await stack!.sql(`SELECT ${columns} FROM boards ORDER BY 1`)), rows);
  assert.deepEqual(await stack!.sql('SELECT unique_id FROM pins'), [{ unique_id: 'p-1' }]);
});

test('one more field of a pin goes the same way', async () => {
  const pin = { ...exampleRows.pin, unique_id: '3f0c1d2e-6a54-4b0f-9c57-000000000002' };
  assert.deepEqual(await post('/pin/', 'application/json', { ...pin, board_name: 'Rainy days' }), [200]);
  const refused = await post('/pin/', 'application/json', { ...pin, board_name: 5, category: 5 });
  assert.deepEqual(refused, [
    422,
    [
      ['string_type', 'body', 'category'],
      ['string_type', 'body', 'board_name'],
    ],
  ]);
  assert.equal(await postToTopic('x.pin', { ...pin, unique_id: '3f0c1d2e-6a54-4b0f-9c57-000000000003', board_name: ' ' }), 200);

  const rows = [
    { board_name: 'Rainy days', category: 'art', nulled: null, extra: null },
    { board_name: null, category: 'art', nulled: [{ field: 'board_name', raw: ' ', reason: 'empty' }], extra: null },
  ];
  const query = (table: string): string =>
    `SELECT board_name, category, nulled, extra FROM ${table} WHERE unique_id <> 'p-1' ORDER BY unique_id`;
  await waitForRows(6);
  assert.deepEqual(parsed(await stack!.postgres.query(query('public.experimental_data'))), rows);
  assert.deepEqual(parsed(await stack!.sql(query('pins'))), rows);
});

test('the document describes both', async () => {
  const answer = await fetch(`${stack!.doorUrl}/openapi.json`);
  const { schemas } = ((await answer.json()) as { components: { schemas: Record<string, { properties: object; required?: string[] }> } })
    .components;
  assert.deepEqual(Object.keys(schemas['BoardRow']!.properties).slice(-3), ['board_id', 'name', 'pins']);
  assert.equal(Object.keys(schemas['PinRow']!.properties).at(-1), 'board_name');
  const { properties, required } = schemas['PinItem']!;
  assert.deepEqual([Object.keys(properties).at(-1), required?.includes('board_name')], ['board_name', false]);
});
