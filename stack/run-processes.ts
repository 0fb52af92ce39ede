import { settings } from '#adapters/settings/settings.ts';
import type { Child, Command } from './child.ts';
import { startChild } from './child.ts';
import type { Home } from './home.ts';
import type { Kept } from './keep-running.ts';
import { keepRunning } from './keep-running.ts';
import { readFrom } from './log-tail.ts';
import { nodeCommand } from './node-process.ts';
import { failureOf, waitUntilReady } from './wait-until-ready.ts';

export type ProcessesOptions = {
  home: Home;
  environment: NodeJS.ProcessEnv;
  apiUrl: string;
  emulator: boolean;
  say: (line: string) => void;
  signal: AbortSignal;
};

export type Processes = { stop(): Promise<void> };

const SETUP_MS = 120_000;
const READY_MS = 60_000;
const HTTP_MS = 1_000;
/** Each process leaves within ten seconds, usually at once; the API has the time of its settings, and some for what follows. */
const stopMs = { setup: 500, emulator: 500, afterDrain: 3_000, worker: 6_000 } as const;
type ProcessName = 'emulator' | 'api' | 'worker';

/**
 * Runs our processes over servers that serve: the set-up, beside it worker and API, which wait for what it makes, then
 * the emulator. Resolves when all are ready; from then on what dies is started again. Leaves nothing running when it
 * rejects.
 */
export async function runProcesses(options: ProcessesOptions): Promise<Processes> {
  const { home, environment, signal } = options;
  const commands = {
    // The worker says in its log that it is ready, so that line must not be filtered out.
    worker: nodeCommand(
      'workers/main.ts',
      [],
      { ...environment, [settings.logLevel.env]: atLeastInfo(environment[settings.logLevel.env]) },
      stopMs.worker,
    ),
    api: nodeCommand('api/main.ts', [], environment, apiStopMs(environment)),
    emulator: nodeCommand('emulator/main.ts', [], environment, stopMs.emulator),
  };
  const children: Child[] = [];
  const kept: Partial<Record<ProcessName, Kept>> = {};
  const start = (name: string, command: Command): Child => {
    const child = startChild(home, name, command);
    children.push(child);
    return child;
  };
  const keep = (name: ProcessName, child: Child): void => {
    kept[name] = keepRunning(child, () => startChild(home, name, commands[name]), options.say);
  };
  const processes: Processes = {
    async stop() {
      await kept.emulator?.stop();
      await Promise.all([kept.api?.stop(), kept.worker?.stop(), ...children.map((child) => child.stop())]);
    },
  };
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  try {
    const worker = start('worker', commands.worker);
    const api = start('api', commands.api);
    await allOrAbort(failed, [
      runToEnd(
        start('setup', nodeCommand('workers/setup.ts', [], environment, stopMs.setup)),
        'The set-up (workers/setup.ts)',
        SETUP_MS,
        either,
      ),
      waitUntilReady(worker, { title: 'The worker', isReady: () => Promise.resolve(saysReady(worker)) }, READY_MS, either),
      waitUntilReady(api, { title: 'The API', isReady: () => answersReady(options.apiUrl) }, READY_MS, either),
    ]);
    keep('worker', worker);
    keep('api', api);
    if (options.emulator) keep('emulator', start('emulator', commands.emulator));
    return processes;
  } catch (error) {
    await processes.stop();
    throw error;
  }
}

/** Waits for all; the first failure aborts the others, and is what is thrown. */
async function allOrAbort(controller: AbortController, work: readonly Promise<void>[]): Promise<void> {
  await Promise.all(
    work.map((one) =>
      one.catch((error: unknown) => {
        controller.abort(error);
        throw error;
      }),
    ),
  );
}

/** The API may have to wait for the last answers of Kafka; it says itself where its settings are wrong. */
function apiStopMs(environment: NodeJS.ProcessEnv): number {
  const read = ({ env, schema }: typeof settings.apiDrainMs | typeof settings.apiDrainDelayMs): number =>
    schema.catch(0).parse(environment[env] === '' ? undefined : environment[env]);
  return read(settings.apiDrainDelayMs) + read(settings.apiDrainMs) + stopMs.afterDrain;
}

function atLeastInfo(level: string | undefined): string {
  return level === 'debug' ? level : 'info';
}

async function runToEnd(child: Child, title: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const giveUp = setTimeout(child.kill, timeoutMs);
  signal.addEventListener('abort', child.kill);
  const how = await child.exited;
  clearTimeout(giveUp);
  signal.removeEventListener('abort', child.kill);
  signal.throwIfAborted();
  if (how !== 'ended with code 0') throw failureOf(child, title, how);
}

/** The worker logs a JSON line with this message when all its queues are polled. */
function saysReady(worker: Child): boolean {
  return readFrom(worker.logFile, worker.logFrom).includes('"msg":"worker ready"');
}

async function answersReady(apiUrl: string): Promise<boolean> {
  try {
    return (await fetch(`${apiUrl}/readyz`, { signal: AbortSignal.timeout(HTTP_MS) })).status === 200;
  } catch {
    // Not listening yet, or too busy to answer: ask again.
    return false;
  }
}
