import type { Worker } from 'node:cluster';
import cluster from 'node:cluster';
import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { AggregatorRegistry } from 'prom-client';
import type { Log } from '#adapters/log.ts';

/**
 * Several processes behind the API's one port (`API_PROCESSES`): a primary that only distributes connections, and
 * members that each are a whole door with a producer of its own. The primary replaces members that die, passes on the
 * wish to leave, and adds up their metrics.
 */
type FromMember = { ask: 'metrics'; id: number };
type FromPrimary = { leave: true } | { id: number; metrics: string };

const restartMsFirst = 200;
const restartMsMax = 5_000;

/** Whether this process should be the primary rather than a door. */
export function isPrimaryOf(processes: number): boolean {
  return processes > 1 && cluster.isPrimary;
}

/** Runs the members until they were asked to leave. @returns the exit code: 0 where all left in good order. */
export async function runPrimary(processes: number, log: Log): Promise<number> {
  const registry = new AggregatorRegistry();
  let leaving = false;
  let everListened = false;
  let restartMs = restartMsFirst;

  async function runMember(): Promise<number> {
    for (;;) {
      const member = cluster.fork();
      member.on('message', (message: FromMember) => {
        if (message.ask === 'metrics') void answerMetrics(member, message.id);
      });
      member.on('listening', () => {
        everListened = true;
        restartMs = restartMsFirst;
      });
      const code = await new Promise<number>((resolve) => {
        member.once('exit', (exitCode: number | null) => resolve(exitCode ?? 1));
      });
      // A member that cannot even begin (settings, topics, port) says why itself; another try would say the same.
      if (leaving || !everListened) return code;
      log.error('an API process ended; another takes its place', { pid: member.process.pid, code });
      await delay(restartMs);
      restartMs = Math.min(restartMs * 2, restartMsMax);
    }
  }

  async function answerMetrics(member: Worker, id: number): Promise<void> {
    const metrics = await registry.clusterMetrics().catch(() => '');
    if (member.isConnected()) member.send({ id, metrics } satisfies FromPrimary);
  }

  const leave = (): void => {
    if (leaving) process.exit(1);
    leaving = true;
    for (const member of Object.values(cluster.workers ?? {}))
      if (member?.isConnected() === true) member.send({ leave: true } satisfies FromPrimary);
  };
  process.on('SIGTERM', leave).on('SIGINT', leave);

  log.info('api runs in several processes', { processes });
  const codes = await Promise.all(Array.from({ length: processes }, runMember));
  return Math.max(...codes);
}

/** What a door needs to know of the others. */
export type Membership = {
  isAlone: boolean;
  /** Calls back when the primary wants this process to leave, or is gone. */
  onLeave(leave: (why: string) => void): void;
  /** Metrics of all members together; the process's own where it is alone. */
  metricsText(own: () => Promise<string>): Promise<string>;
};

/** The membership of this process, which lets the primary read its metrics; alone it is a club of one. */
export function joinCluster(registry: Registry): Membership {
  if (!cluster.isWorker) return { isAlone: true, onLeave: () => undefined, metricsText: (own) => own() };
  // Otherwise Node ends a member the moment its primary is gone, whatever it has in flight.
  cluster.worker!.exitedAfterDisconnect = true;
  // Ctrl-C reaches the whole group; the primary passes it on.
  process.on('SIGINT', () => undefined);
  // Answers what the primary's registry asks.
  AggregatorRegistry.setRegistries(registry);
  void new AggregatorRegistry();
  const waiting = new Map<number, (text: string) => void>();
  let asked = 0;
  process.on('message', (message: FromPrimary) => {
    if (!('metrics' in message)) return;
    waiting.get(message.id)?.(message.metrics);
    waiting.delete(message.id);
  });
  return {
    isAlone: false,
    onLeave(leave) {
      process.on('message', (message: FromPrimary) => {
        if ('leave' in message) leave('the primary stops');
      });
      process.on('disconnect', () => leave('the primary is gone'));
    },
    metricsText: () =>
      new Promise((resolve) => {
        const id = asked++;
        waiting.set(id, resolve);
        process.send!({ ask: 'metrics', id } satisfies FromMember);
      }),
  };
}
