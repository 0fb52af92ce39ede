import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '#adapters/config.ts';

test('a drain that is shorter than the deadline of an event is refused, naming both settings', () => {
  assert.equal(loadConfig({}).apiDrainMs >= loadConfig({}).ingestDeadlineMs, true);
  assert.throws(() => loadConfig({ INGEST_DEADLINE_MS: '20000' }), {
    kind: 'configuration',
    message: /INGEST_DEADLINE_MS=20000 and API_DRAIN_MS=6000: .* Set API_DRAIN_MS to 20500 or more/,
  });
  assert.equal(loadConfig({ INGEST_DEADLINE_MS: '20000', API_DRAIN_MS: '20500' }).apiDrainMs, 20_500);
});
