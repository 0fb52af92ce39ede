import type { Child, Command } from './child.ts';
import { startChild } from './child.ts';
import type { Home } from './home.ts';
import type { Kept } from './keep-running.ts';
import { keepRunning } from './keep-running.ts';
import { readFrom } from './log-tail.ts';
import { nodeCommand } from './node-process.ts';
import { waitUntilReady } from './wait-until-ready.ts';

export type ProcessesOptions = {
  home: Home;
  environment: NodeJS.ProcessEnv;
  apiUrl: string;
  emulator: boolean;
  say(line: string): void;
  signal: AbortSignal;
};

export type Processes = { stop(): Promise<void>; kill(): void };

const SETUP_MS = 120_000;
const READY_MS = 60_000;
const HTTP_MS = 1_000;
/** Together with the servers' own end these stay within ten seconds. */
const stopMs = { emulator: 500, api: 3_000, worker: 6_000 } as const;

/**
 * Runs our processes over servers that serve: sets up what they need, brings up worker and API, then the emulator.
 * Resolves when all are ready; from then on what dies is started again. Leaves nothing running when it rejects.
 */
export async function runProcesses(options: ProcessesOptions): Promise<Processes> {
  const { home, environment, signal } = options;
  const started: Child[] = [];
  const start = (name: string, command: Command): Child => {
    const child = startChild(home, name, command);
    started.push(child);
    return child;
  };
  const kept: Partial<Record<keyof typeof stopMs, Kept>> = {};
  const keep = (name: keyof typeof stopMs, child: Child, command: Command): void => {
    kept[name] = keepRunning(child, () => startChild(home, name, command), options.say);
  };
  const processes: Processes = {
    async stop() {
      await kept.emulator?.stop();
      await Promise.all([kept.api?.stop(), kept.worker?.stop(), ...started.map((child) => child.stop())]);
    },
    kill() {
      for (const one of [...Object.values(kept), ...started]) one.kill();
    },
  };
  try {
    await runToEnd(start('setup', nodeCommand('workers/setup.ts', [], environment, 0)), signal);

    const commands = { worker: nodeCommand('workers/main.ts', [], environment, stopMs.worker), api: nodeCommand('api/main.ts', [], environment, stopMs.api), emulator: nodeCommand('emulator/main.ts', [], environment, stopMs.emulator) };
    const worker = start('worker', commands.worker);
    const api = start('api', commands.api);
    await Promise.all([
      waitUntilReady(worker, { title: 'The worker', isReady: async () => saysReady(worker) }, READY_MS, signal),
      waitUntilReady(api, { title: 'The API', isReady: () => answersReady(options.apiUrl) }, READY_MS, signal),
    ]);
    keep('worker', worker, commands.worker);
    keep('api', api, commands.api);
    if (options.emulator) keep('emulator', start('emulator', commands.emulator), commands.emulator);
    return processes;
  } catch (error) {
    await processes.stop();
    throw error;
  }
}

async function runToEnd(setup: Child, signal: AbortSignal): Promise<void> {
  await waitUntilReady(setup, { title: 'The set-up (workers/setup.ts)', isReady: async () => false }, SETUP_MS, signal).catch(async (error: unknown) => {
    if (!setup.hasExited() || (await setup.exited) !== 'ended with code 0') throw error;
  });
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
