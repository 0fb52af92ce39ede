import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makePins } from '#bench/ingest/pins.ts';
import { callerEnvironment } from '#adapters/config.ts';
import { settings } from '#adapters/settings/settings.ts';
import { findFreePorts } from '#stack/free-ports.ts';
import { nodeFlags } from '#stack/node-process.ts';
import { projectFolder } from '#stack/project.ts';

/** `npm start -- --no-emulator`, in a home and on ports of its own. */
export type WholeStack = {
  /** Settings that lead to it. */
  environment: NodeJS.ProcessEnv;
  mainPid: number;
  /** Those that it started; each may have children. */
  processes: readonly { name: string; pid: number }[];
  /** Both from the start of its process. */
  firstAckedSeconds: number;
  screenSeconds: number;
  stop(): Promise<void>;
};

const startMs = 300_000;
const askEveryMs = 20;

/** Starts it, with the settings `given`; resolves with its screen. Nothing of it runs any more where this rejects. */
export async function startWholeStack(home: string, signal: AbortSignal, given: Record<string, string> = {}): Promise<WholeStack> {
  const environment = { ...(await environmentOfOwn(home)), ...given };
  const startedAt = performance.now();
  const sinceStart = (): number => (performance.now() - startedAt) / 1_000;
  const main = spawn(process.execPath, [...nodeFlags, join(projectFolder, 'stack', 'main.ts'), 'start', '--no-emulator'], {
    cwd: projectFolder,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<string>((resolve) => {
    main.once('exit', (code, by) => resolve(`ended with ${by ?? `code ${code}`}`));
  });
  const stop = async (): Promise<void> => {
    main.kill('SIGTERM');
    await ended;
  };
  const giveUp = AbortSignal.any([signal, AbortSignal.timeout(startMs)]);
  try {
    const [firstAckedSeconds, screenSeconds] = await Promise.race([
      Promise.all([firstAck(environment, giveUp).then(sinceStart), screenOf(main.stdout, giveUp).then(sinceStart)]),
      ended.then((how) => {
        throw new Error(`npm start ${how} before it was up.`);
      }),
    ]);
    return { environment, mainPid: main.pid!, processes: processesOf(home), firstAckedSeconds, screenSeconds, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The caller's environment without what leads to other servers; the cache with the built ones stays. */
async function environmentOfOwn(home: string): Promise<NodeJS.ProcessEnv> {
  const ours = new Set<string>(Object.values(settings).map(({ env }) => env));
  ours.delete(settings.cacheHome.env);
  const names = (['apiPort', 'kafkaPort', 's3Port', 'postgresPort', 'temporalPort', 'temporalUiPort'] as const).map(
    (name) => settings[name].env,
  );
  const ports = await findFreePorts(names.length);
  return {
    ...Object.fromEntries(Object.entries(callerEnvironment()).filter(([name]) => !ours.has(name))),
    [settings.home.env]: home,
    ...Object.fromEntries(names.map((name, i) => [name, String(ports[i])])),
  };
}

async function firstAck(environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const url = `http://127.0.0.1:${environment[settings.apiPort.env]}/pin/`;
  const [body = ''] = makePins(1);
  for (;;) {
    signal.throwIfAborted();
    // Not listening yet, or not ready: asked again.
    const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body, signal }).catch(
      () => undefined,
    );
    if (answer?.status === 200) return;
    await delay(askEveryMs);
  }
}

function screenOf(output: NodeJS.ReadableStream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    output.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Pinflow runs.')) resolve();
    });
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

/** What the home says of the processes that run in it. */
export function processesOf(home: string): { name: string; pid: number }[] {
  const folder = join(home, 'run');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({
      name: file.slice(0, -'.json'.length),
      pid: (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { pid: number }).pid,
    }));
}
