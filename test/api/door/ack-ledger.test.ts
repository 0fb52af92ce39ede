import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeLog } from '#adapters/log.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeAckLedger } from '#api/door/ack-ledger.ts';
import { testConfig } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

const log = makeLog('test', 'error');

describe('the ledger of acks', () => {
  test('keeps what Postgres did not take, and a repeated write adds nothing', async () => {
    const config = await testConfig();
    const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
    await migrate(postgres);
    // The write happens, its answer is lost: once as such, once with nothing written.
    const faults: ('lost answer' | 'not written' | 'none')[] = ['lost answer', 'not written', 'none'];
    const ledger = makeAckLedger({
      instance: 'door-1',
      log: { ...log, warn: () => undefined },
      statements: {
        async execute(sql, parameters) {
          const fault = faults.shift();
          if (fault === 'not written') throw new Error('not written');
          const rows = await postgres.execute(sql, parameters);
          if (fault === 'lost answer') throw new Error('lost answer');
          return rows;
        },
      },
    });
    ledger.note('t', 0, 0, 4);
    assert.equal(await ledger.flush(), false);
    ledger.note('t', 0, 5, 9);
    assert.equal(await ledger.flush(), false);
    ledger.note('t', 0, 20, 21);
    ledger.note('t', 1, 0, 0);
    assert.equal(await ledger.flush(), true);
    await ledger.close();
    const rows = await postgres.query(
      'SELECT instance, topic, partition, first_offset, last_offset FROM pinflow.door_ack ORDER BY partition, first_offset',
    );
    const row = (partition: number, first_offset: number, last_offset: number) => ({
      instance: 'door-1',
      topic: 't',
      partition,
      first_offset,
      last_offset,
    });
    assert.deepEqual(rows, [row(0, 0, 9), row(0, 20, 21), row(1, 0, 0)]);
    await postgres.close();
  });
});
