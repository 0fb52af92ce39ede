import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeClients } from '#api/access/clients.ts';
import type { Exchange } from '#api/door/exchange.ts';
import { collectRejectedRows, noRejectedRows } from '#api/door/rejected-rows.ts';
import { makeRefusalAccount } from '#api/refused/account.ts';
import { openDoorOnTables } from '#test/api/open-door.ts';
import { quietLog } from '#test/support/environment.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

type Row = {
  route: string;
  status: number;
  reason: string;
  key_id: string;
  source: string;
  kind: string;
  count: number;
  last_message: string;
};

const rowsOf = (postgres: Postgres): Promise<Row[]> =>
  postgres.query<Row>(
    `SELECT route, status, reason, key_id, source, kind, sum(count)::bigint AS count, max(last_message) AS last_message
     FROM pinflow.door_refusal GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6`,
  );

function refusedOf(over: Partial<Exchange>): Exchange {
  return {
    id: 'r-1',
    route: 'topics',
    req: { url: '/topics/somebody.geo', socket: { remoteAddress: '192.0.2.7' } },
    keyId: 'k1',
    source: 'somebody',
    kind: 'geo',
    refusal: { status: 422, reason: 'missing_key', message: 'No key' },
    rejected: noRejectedRows,
    ...over,
  } as unknown as Exchange;
}

async function openAccount(faults: ('lost' | 'none')[] = [], now: () => number = Date.now) {
  const postgres = makePostgres({ url: (await testConfig()).postgresUrl, applicationName: 'pinflow-test' });
  await migrate(postgres);
  const counted = new Map<string, number>();
  const account = makeRefusalAccount({
    log: quietLog,
    clients: makeClients({ apiTrustedProxies: [], apiProxyHeaders: 'x-forwarded' }),
    now,
    count: (route, reason, times) => counted.set(`${route} ${reason}`, (counted.get(`${route} ${reason}`) ?? 0) + times),
    statements: {
      execute: (sql, parameters) => {
        if (faults.shift() === 'lost') return Promise.reject(new Error('not written'));
        return postgres.execute(sql, parameters);
      },
    },
  });
  return { postgres, account, counted };
}

describe('the account of refusals', () => {
  test('counts whole requests and single rows by key, source and reason, with the last of each', async () => {
    const { postgres, account, counted } = await openAccount();
    account.hear(refusedOf({}), 422);
    account.hear(refusedOf({ id: 'r-2', refusal: { status: 422, reason: 'missing_key', message: 'Still no key' } }), 422);
    account.hear(refusedOf({ keyId: 'k2' }), 422);
    const rejected = collectRejectedRows();
    for (let position = 0; position < 5; position++)
      rejected.add({ position, line: position + 1, reason: 'too_deep', message: `Row ${position}` });
    account.hear(refusedOf({ refusal: undefined, rejected }), 207);
    account.hear(refusedOf({ refusal: undefined }), 200);
    assert.equal(await account.flush(), true);
    account.hear(refusedOf({}), 422);
    await account.close();
    assert.deepEqual(
      (await rowsOf(postgres)).map(({ status, reason, key_id, source, count, last_message }) => [
        status,
        reason,
        key_id,
        source,
        count,
        last_message,
      ]),
      [
        [207, 'too_deep', 'k1', 'somebody', 5, 'Row 0'],
        [422, 'missing_key', 'k1', 'somebody', 3, 'No key'],
        [422, 'missing_key', 'k2', 'somebody', 1, 'No key'],
      ],
    );
    assert.deepEqual(Object.fromEntries(counted), { 'topics missing_key': 4, 'topics too_deep': 5 });
    await postgres.close();
  });

  test('waits and merges while Postgres does not take it', async () => {
    const { postgres, account } = await openAccount(['lost', 'lost']);
    account.hear(refusedOf({}), 422);
    assert.equal(await account.flush(), false);
    account.hear(refusedOf({}), 422);
    assert.equal(await account.flush(), false);
    assert.equal(await account.flush(), true);
    await account.close();
    assert.equal((await rowsOf(postgres))[0]?.count, 2);
    await postgres.close();
  });

  test('is bounded whatever names clients think up, and loses no count', async () => {
    const { postgres, account } = await openAccount(['lost']);
    const fill = (): void => {
      for (let i = 0; i < 1_500; i++) account.hear(refusedOf({ source: `s${i}`, keyId: `k${i % 7}` }), 422);
      for (let i = 0; i < 3_000; i++) account.hear(refusedOf({ source: `t${i}`, keyId: `u${i}` }), 422);
    };
    fill();
    assert.equal(await account.flush(), false);
    fill();
    assert.equal(await account.flush(), true);
    await account.close();
    const rows = await rowsOf(postgres);
    assert.ok(rows.length > 250 && rows.length <= 501, `${rows.length} rows`);
    assert.equal(
      rows.reduce((sum, { count }) => sum + count, 0),
      9_000,
    );
    assert.ok(rows.some(({ source, key_id }) => source === '(other)' && key_id === '(other)'));
    await postgres.close();
  });

  test('makes a bounded number of rows a minute, however often it is written', async () => {
    let nowMs = 0;
    const { postgres, account } = await openAccount([], () => nowMs);
    const countRows = async (): Promise<number> => (await rowsOf(postgres)).length;
    const flood = async (): Promise<void> => {
      for (let round = 0; round < 5; round++) {
        for (let i = 0; i < 300; i++) account.hear(refusedOf({ source: `s${nowMs}-${round}-${i}` }), 422);
        assert.equal(await account.flush(), true);
      }
    };
    await flood();
    assert.equal(await countRows(), 251);
    nowMs = 60_000;
    await flood();
    assert.equal(await countRows(), 501);
    assert.equal(
      (await rowsOf(postgres)).reduce((sum, { count }) => sum + count, 0),
      3_000,
    );
    await account.close();
    await postgres.close();
  });

  test('takes any text of a client', async () => {
    const { postgres, account } = await openAccount();
    account.hear(refusedOf({ source: `a\0b\u001b[2J${'x'.repeat(5_000)}😀` }), 422);
    assert.equal(await account.flush(), true);
    const [row] = await rowsOf(postgres);
    assert.match(row!.source, /^a\\u0000b\\u001b\[2Jx{239}/);
    await account.close();
    await postgres.close();
  });
});

describe('what the door refuses', () => {
  let door: Awaited<ReturnType<typeof openDoorOnTables>>;
  let postgres: Postgres;
  before(async () => {
    door = await openDoorOnTables();
    ({ postgres } = door);
  });
  after(() => door.close());

  test('is in the account with its route and source, and in the metrics', async () => {
    await door.post('/pin/', '{');
    await door.post('/topics/0a1b2c3d4e5f.geo', '{"records":[{"value":{}}]}');
    await door.post('/topics/0a1b2c3d4e5f.geo', '{"records":[{"value":{}}]}');
    await door.post('/topics/0a1b2c3d4e5f.geo', '{"records":[{"value":{"ind":1}}]}');
    // What the route reads off its target counts, however the client wrote it.
    await door.post('/Topics/0a1b2c3d4e5f%2Epin', '{');
    await fetch(`${door.url}/nowhere`);
    await door.post('/events?kind=user', '[1]');
    await door.post('/send_data?topic=x.user', '{');
    await fetch(`${door.url}/dev/streams/streaming-x-geo/record`, {
      method: 'PUT',
      body: '{',
      headers: { 'Content-Type': 'application/json' },
    });
    const expected = [
      ['events', '', 'user', 1],
      ['other', '', '', 1],
      ['pin', 'api', 'pin', 1],
      ['send_data', 'x', 'user', 1],
      ['streams', 'streaming-x', 'geo', 1],
      ['topics', '0a1b2c3d4e5f', 'pin', 1],
      ['topics', '0a1b2c3d4e5f', 'geo', 2],
    ];
    // The clock of the account may be writing just now.
    const rows = await waitFor(
      async () => {
        await door.refusals.flush();
        const found = await rowsOf(postgres);
        return found.reduce((sum, { count }) => sum + count, 0) === 8 && found;
      },
      { what: 'all refusals to be in the account' },
    );
    assert.deepEqual(
      rows.map(({ route, source, kind, count }) => [route, route === 'events' ? '' : source, kind, count]),
      expected,
    );
    const metrics = await (await fetch(`${door.url}/metrics`)).text();
    assert.match(metrics, /pinflow_door_refused_total\{route="topics",reason="missing_key"\} 2\n/);
  });
});
