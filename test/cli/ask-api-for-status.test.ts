import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { askApiForStatus } from '#cli/ask-api-for-status.ts';
import { openLockedDoor } from '#test/api/access/locked-door.ts';
import { openDoor } from '#test/api/open-door.ts';

const door = await openDoor();
after(() => door.close());
const config = { ...door.config, apiUrl: door.url };

describe('the status that the command line asks the API for', () => {
  test('is what the API sees', async () => {
    const status = await askApiForStatus(config);
    assert.equal(status?.endpoints.kafka, config.kafkaBrokers.join(','));
    assert.equal(status?.servers.kafka, 'up');
  });

  const elsewhere: [what: string, other: Partial<typeof config>][] = [
    ['brokers', { kafkaBrokers: ['127.0.0.1:1'] }],
    ['database', { postgresUrl: 'postgres://someone@127.0.0.1:1/other' }],
    ['Temporal', { temporalAddress: '127.0.0.1:1' }],
  ];
  for (const [what, other] of elsewhere)
    test(`is not taken from an API of another ${what}`, async () => {
      assert.equal(await askApiForStatus({ ...config, ...other }), undefined);
    });

  test('is not there where the API asks for a key', async () => {
    const locked = await openLockedDoor();
    try {
      assert.equal(await askApiForStatus({ ...locked.config, apiUrl: locked.url }), undefined);
    } finally {
      await locked.close();
    }
  });

  test('is not there where no API runs, or something else does', async () => {
    assert.equal(await askApiForStatus({ ...config, apiUrl: 'http://127.0.0.1:1' }), undefined);
    assert.equal(await askApiForStatus({ ...config, apiUrl: `${door.url}/docs` }), undefined);
  });
});
