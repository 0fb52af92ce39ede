import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import proto from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { cacheFolderOf } from '#adapters/cache-folder.ts';
import { loadConfig } from '#adapters/config.ts';
import { workflowTypes } from '#domain/names.ts';
import { quietLog } from '#test/support/environment.ts';
import { obtainWorkflowCode } from '#workers/workflow-bundle.ts';

/**
 * Replays recorded histories of every workflow on today's code. A failure means that workflows which run when this
 * change is deployed would stand still with a non-determinism error: keep the old order of commands behind `patched()`,
 * or, where nothing runs yet that could break, record anew with record-histories.ts and say so in the commit.
 */
const folder = new URL('histories/', import.meta.url);
const recorded = readdirSync(folder).filter((name) => name.endsWith('.binpb'));
const code = await obtainWorkflowCode(cacheFolderOf(loadConfig().cacheHome), quietLog);

const read = (name: string): proto.temporal.api.history.v1.History =>
  proto.temporal.api.history.v1.History.decode(readFileSync(new URL(name, folder)));

for (const name of recorded) {
  test(`${name} replays`, () => Worker.runReplayHistory(code, read(name)));
}

test('every workflow type has a recorded history', () => {
  const found = recorded.map((name) => read(name).events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? 'unknown');
  assert.deepEqual([...new Set(found)].toSorted(), Object.values(workflowTypes).toSorted());
});
