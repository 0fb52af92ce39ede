import { chooseBucket } from '#setup/choose-bucket.ts';
import { settings } from '#adapters/settings/settings.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { connectTemporal } from '#adapters/temporal.ts';
import type { Contender, Rig } from '#bench/stream/contender.ts';
import { contentOf, environmentOver } from '#bench/stream/contender.ts';
import { makeNames, workflowTypes } from '#domain/names.ts';
import { startChild } from '#stack/child.ts';
import { readFrom } from '#stack/log-tail.ts';
import { nodeCommand } from '#stack/node-process.ts';
import { waitUntilReady } from '#stack/wait-until-ready.ts';

const startMs = 60_000;
const stopMs = 6_000;

/**
 * The worker as it ships, with the queues of workflows and of the stream alone: nothing lands, no interval closes. Reading
 * begins with the workflow `pinStream`, started as the set-up starts it.
 */
export async function openOurs(rig: Rig, databaseUrl: string, postgres: Postgres, more: Record<string, string> = {}): Promise<Contender> {
  const { home, config, prefix, signal } = rig;
  const names = makeNames(prefix);
  await chooseBucket(postgres, config, names);
  const own = { [settings.workerRoles.env]: 'control,stream', [settings.logLevel.env]: 'info', ...more };
  const child = startChild(home, 'bench-worker', nodeCommand('workers/main.ts', [], environmentOver(rig, databaseUrl, own), stopMs));
  const client = await connectTemporal(config);
  const close = async (): Promise<void> => {
    await child.stop();
    // A workflow that was never started is none to end.
    await client.workflow
      .getHandle(names.workflowIds.stream)
      .terminate('the run is over')
      .catch(() => undefined);
    await client.connection.close();
  };
  const isReady = () => Promise.resolve(readFrom(child.logFile, child.logFrom).includes('"msg":"worker ready"'));
  try {
    await waitUntilReady(child, { title: 'The worker', isReady }, startMs, signal);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    child,
    async begin() {
      await client.workflow.start(workflowTypes.stream, {
        workflowId: names.workflowIds.stream,
        taskQueue: names.queues.control,
        args: [{ slots: config.streamSlots, segmentMs: config.segmentMs }, names.queues.stream],
      });
    },
    progressSql: `SELECT coalesce(sum(next_offset), 0)::bigint AS n FROM pinflow.checkpoint WHERE reader = 'stream'`,
    outcomeSql: `SELECT (SELECT count(*) FROM public.experimental_data) AS rows, count(*) AS transactions, ${contentOf('public.experimental_data')} AS content,
      coalesce(sum(applied + superseded + unchanged), 0)::bigint AS records FROM pinflow.stream_batch`,
    close,
  };
}
