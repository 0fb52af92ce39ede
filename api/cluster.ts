import type { Worker } from 'node:cluster';
import cluster from 'node:cluster';
import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { AggregatorRegistry } from 'prom-client';
import type { Log } from '#adapters/log.ts';

/**
 * Several processes behind the API's one port (`API_PROCESSES`): a primary that only distributes connections, and
 * members that each are a whole door with a producer of its own. The primary replaces members that die, passes on the
 * wish to leave, and adds up their telemetry.
 */
type FromMember = { ask: 'telemetry'; id: number };
/** `telemetry` is null where they could not be added up. */
type FromPrimary = { leave: true } | { id: number; telemetry: string | null };

const restartMsFirst = 200;
const restartMsMax = 5_000;
/** How long a member waits for the telemetry of all before it shows its own. */
const telemetryMsMax = 2_000;

/** Whoever is gone hears nothing more; its end is told by 'exit' and 'disconnect'. */
const ignoreError = (): void => undefined;

/** Whether this process should be the primary rather than a door. */
export function isPrimaryOf(processes: number): boolean {
  return processes > 1 && cluster.isPrimary;
}

/** Runs the members until they were asked to leave. @returns the exit code: 0 where all left in good order. */
export async function runPrimary(processes: number, log: Log): Promise<number> {
  const registry = new AggregatorRegistry();
  const leaving = new AbortController();
  let everListened = false;
  let restartMs = restartMsFirst;

  async function runMember(): Promise<number> {
    for (;;) {
      const member = cluster.fork();
      member.on('error', ignoreError);
      member.on('message', (message: FromMember) => {
        if (message.ask === 'telemetry') void answerTelemetry(member, message.id);
      });
      member.on('listening', () => {
        everListened = true;
        restartMs = restartMsFirst;
      });
      const code = await new Promise<number>((resolve) => {
        member.once('exit', (exitCode: number | null) => resolve(exitCode ?? 1));
      });
      // A member that cannot even begin (settings, topics, port) says why itself; another try would say the same.
      if (!everListened) tellAllToLeave();
      if (leaving.signal.aborted) return code;
      log.error('an API process ended; another takes its place', { pid: member.process.pid, code });
      await delay(restartMs, undefined, { signal: leaving.signal }).catch(ignoreError);
      // Nobody would tell a process that begins now.
      if (leaving.signal.aborted) return code;
      restartMs = Math.min(restartMs * 2, restartMsMax);
    }
  }

  async function answerTelemetry(member: Worker, id: number): Promise<void> {
    const telemetry = await registry.clusterMetrics().catch(() => null);
    send(member, { id, telemetry });
  }

  function tellAllToLeave(): void {
    leaving.abort();
    for (const member of Object.values(cluster.workers ?? {})) if (member !== undefined) send(member, { leave: true });
  }

  const leave = (): void => {
    // Whoever asks twice does not want to wait.
    if (leaving.signal.aborted) process.exit(1);
    tellAllToLeave();
  };
  process.on('SIGTERM', leave).on('SIGINT', leave);

  log.info('api runs in several processes', { processes });
  const codes = await Promise.all(Array.from({ length: processes }, runMember));
  return Math.max(...codes);
}

function send(member: Worker, message: FromPrimary): void {
  if (member.isConnected()) member.send(message, ignoreError);
}

/** What a door needs to know of the others. */
export type Membership = {
  isAlone: boolean;
  /** Calls back when the primary wants this process to leave, or is gone. Before anybody listens for it the process just ends. */
  onLeave(leave: (why: string) => void): void;
  /** Telemetry of all members together; the process's own where it is alone, or where the others do not answer. */
  telemetryText(own: () => Promise<string>): Promise<string>;
};

/** The membership of this process, which lets the primary read its telemetry; alone it is a club of one. */
export function joinCluster(registry: Registry): Membership {
  if (!cluster.isWorker) return { isAlone: true, onLeave: () => undefined, telemetryText: (own) => own() };
  // A process that does not take requests yet has nothing to lose.
  let leave = (_why: string): void => process.exit(0);
  const waiting = new Map<number, (text: string | null) => void>();
  let asked = 0;
  // Otherwise Node ends a member the moment its primary is gone, whatever it has in flight.
  cluster.worker!.exitedAfterDisconnect = true;
  // What is sent to a primary that is gone.
  cluster.worker!.on('error', ignoreError);
  process.on('message', (message: FromPrimary) => {
    if ('leave' in message) leave('the primary stops');
    else if ('telemetry' in message) waiting.get(message.id)?.(message.telemetry);
  });
  process.on('disconnect', () => leave('the primary is gone'));
  if (!process.connected) leave('the primary is gone');
  // Ctrl-C reaches the whole group; the primary passes it on.
  process.on('SIGINT', ignoreError);
  // Answers what the primary's registry asks.
  AggregatorRegistry.setRegistries(registry);
  void new AggregatorRegistry();

  function askPrimary(): Promise<string | null> {
    const id = asked++;
    const { promise, resolve } = Promise.withResolvers<string | null>();
    waiting.set(id, resolve);
    const giveUp = setTimeout(resolve, telemetryMsMax, null);
    process.send!({ ask: 'telemetry', id } satisfies FromMember, (error: Error | null) => {
      if (error !== null) resolve(null);
    });
    return promise.finally(() => {
      clearTimeout(giveUp);
      waiting.delete(id);
    });
  }

  return {
    isAlone: false,
    onLeave(listener) {
      leave = listener;
    },
    telemetryText: async (own) => (process.connected ? await askPrimary() : null) ?? own(),
  };
}
