import type { Contender, Rig } from '#bench/stream/contender.ts';
import { contentOf, environmentOver } from '#bench/stream/contender.ts';
import { startChild } from '#stack/child.ts';
import { readFrom } from '#stack/log-tail.ts';
import { nodeCommand } from '#stack/node-process.ts';
import { waitUntilReady } from '#stack/wait-until-ready.ts';

const startMs = 30_000;
const stopMs = 1_000;

/** The loop of bare-loop-child.ts, which waits for a signal before it reads. */
export async function openBareLoop(rig: Rig, databaseUrl: string): Promise<Contender> {
  const command = nodeCommand('bench/stream/bare-loop-child.ts', [], environmentOver(rig, databaseUrl, {}), stopMs);
  const child = startChild(rig.home, 'bench-bare-loop', command);
  const isReady = () => Promise.resolve(readFrom(child.logFile, child.logFrom).includes('ready\n'));
  try {
    await waitUntilReady(child, { title: 'The bare loop', isReady }, startMs, rig.signal);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return {
    child,
    begin: () => Promise.resolve(void process.kill(child.pid, 'SIGUSR2')),
    progressSql: `SELECT coalesce(sum(next_offset), 0)::bigint AS n FROM bare.checkpoint`,
    outcomeSql: `SELECT (SELECT count(*) FROM bare.pins) AS rows, coalesce(sum(batches), 0)::bigint AS transactions, ${contentOf('bare.pins')} AS content,
      coalesce(sum(next_offset), 0)::bigint AS records FROM bare.checkpoint`,
    close: () => child.stop(),
  };
}
