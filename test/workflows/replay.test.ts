import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import proto from '@temporalio/proto';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { DefaultLogger, Worker, bundleWorkflowCode } from '@temporalio/worker';
import { workflowTypes } from '#domain/names.ts';

/**
 * Replays recorded histories of every workflow on today's code. A failure means that workflows which run when this
 * change is deployed would stand still with a non-determinism error: keep the old order of commands behind `patched()`,
 * or, where nothing runs yet that could break, record anew with record-histories.ts and say so in the commit.
 */
const folder = new URL('histories/', import.meta.url);
const recorded = readdirSync(folder).filter((name) => name.endsWith('.binpb'));
let workflowBundle: WorkflowBundleWithSourceMap;
before(async () => {
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
    logger: new DefaultLogger('WARN'),
  });
});

const read = (name: string): proto.temporal.api.history.v1.History =>
  proto.temporal.api.history.v1.History.decode(readFileSync(new URL(name, folder)));

for (const name of recorded) {
  test(`${name} replays`, () => Worker.runReplayHistory({ workflowBundle }, read(name)));
}

test('every workflow type has a recorded history', () => {
  const found = recorded.map((name) => read(name).events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? 'unknown');
  assert.deepEqual([...new Set(found)].toSorted(), Object.values(workflowTypes).toSorted());
});
