import { writeFileSync } from 'node:fs';
import proto from '@temporalio/proto';
import { loadConfig } from '#adapters/config.ts';
import { connectTemporal } from '#adapters/temporal.ts';
import { makeNames } from '#domain/names.ts';

/**
 * Records what test/workflows/replay.test.ts replays, from the stack that runs: `node test/workflows/record-histories.ts`
 * after some intervals with events, one of which failed and was tried again by itself, a pause and resume of a reader, a rescale,
 * and a manual trigger. Names of machines are left out. Histories of code before stay: workflows that began with it may run.
 * What test/workflows/reader-failing.test.ts does to its readers is recorded as pin-stream-killed and pin-landing-frozen.
 * pin-batch-interval-wake-lost is pin-batch-interval-rests with ten events put in by hand, as no test ends a workflow just between
 * being there and being woken: before it rests it meets another interval there whose workflow is gone when it is woken. The code
 * before \`starts-after-lost-wake\` replays it.
 */
const config = loadConfig();
const { workflowIds } = makeNames(config.prefix);
const client = await connectTemporal(config);

async function record(file: string, workflowId: string, runId?: string): Promise<void> {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  forgetIdentities(history);
  const bytes = proto.temporal.api.history.v1.History.encode(history).finish();
  writeFileSync(new URL(`histories/${file}.binpb`, import.meta.url), bytes);
  process.stdout.write(`${file}: ${history.events?.length ?? 0} events of ${workflowId}\n`);
}

/** Replaces process ids, host names and folders of the machine that recorded; they also stand in names of sticky queues and stack traces. */
function forgetIdentities(value: unknown): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  for (const [key, inner] of Object.entries(value)) {
    // Payloads of ours are JSON.
    if (inner instanceof Uint8Array) Object.assign(value, { [key]: Buffer.from(withoutBucket(Buffer.from(inner).toString('utf8'))) });
    else if (key === 'stackTrace') Object.assign(value, { [key]: '' });
    else if (typeof inner === 'string') Object.assign(value, { [key]: withoutBucket(inner.replaceAll(/\d+@[\w.-]+/g, 'worker')) });
    else forgetIdentities(inner);
  }
}

/** A bucket's name is somebody's; failures tell it. */
function withoutBucket(text: string): string {
  return text.replaceAll(/(pinterest-data-)[0-9a-f-]{36}/g, '$1of-a-test');
}

await record('pin-landing', workflowIds.landing);
await record('pin-stream', workflowIds.stream);
const wanted = [
  ['pin-batch-interval-starts-next', `WorkflowType = 'pinBatchInterval' AND ExecutionStatus = 'Completed' AND PinRows > 0`],
  ['pin-batch-interval-rests', `WorkflowType = 'pinBatchInterval' AND ExecutionStatus = 'ContinuedAsNew'`],
  ['pin-batch-tick-ends', `WorkflowType = 'pinBatchTick' AND ExecutionStatus = 'Completed' AND PinState = 'scheduled'`],
  ['pin-batch-tick-ends-manual', `WorkflowType = 'pinBatchTick' AND ExecutionStatus = 'Completed' AND PinState = 'manual'`],
  ['pin-marts', `WorkflowType = 'pinMarts' AND ExecutionStatus = 'Completed'`],
  ['pin-cleanup', `WorkflowType = 'pinCleanup' AND ExecutionStatus = 'Completed'`],
] as const;
for (const [file, query] of wanted) {
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    await record(file, workflowId, runId);
    break;
  }
}
await client.connection.close();
