import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Config } from '#adapters/config.ts';
import { callerEnvironment } from '#adapters/config.ts';
import { settings } from '#adapters/settings/settings.ts';
import { waitFor } from '#test/support/servers.ts';

const main = fileURLToPath(new URL('../../api/main.ts', import.meta.url));

/** The API as the process that production runs. */
export type ApiProcess = {
  url: string;
  child: ChildProcess;
  /** What it logged so far, a line an event. */
  lines: { level: string; msg: string }[];
  waitForLine(msg: string): Promise<unknown>;
  exited: Promise<{ code: number | null; tookMs: number }>;
};

export function startApi(config: Config, environment: NodeJS.ProcessEnv = {}): ApiProcess {
  const child = spawn(process.execPath, [main], { env: { ...environmentOf(config), ...environment }, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: { level: string; msg: string }[] = [];
  const startedAt = performance.now();
  createInterface({ input: child.stdout }).on('line', (line) => void lines.push(JSON.parse(line) as { level: string; msg: string }));
  return {
    url: `http://127.0.0.1:${config.apiPort}`,
    child,
    lines,
    waitForLine: (msg) => waitFor(() => lines.find((line) => line.msg === msg), { what: `the API to log '${msg}'` }),
    exited: once(child, 'close').then(([code]) => ({ code: code as number | null, tookMs: performance.now() - startedAt })),
  };
}

/** The environment that gives a process these settings; what is unset here must not come from the caller's. */
export function environmentOf(config: Config): NodeJS.ProcessEnv {
  const given = Object.entries(settings).map(([name, { env }]) => [env, config[name as keyof Config]] as const);
  return { ...callerEnvironment(), ...Object.fromEntries(given.map(([env, value]) => [env, value === undefined ? '' : String(value)])) };
}
