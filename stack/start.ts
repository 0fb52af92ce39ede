import { callerEnvironment } from '#adapters/config.ts';
import { ensurePage } from './build-page.ts';
import { writeEnvironmentFile } from './environment-file.ts';
import { runProcesses } from './run-processes.ts';
import type { Session } from './session.ts';
import { withServers } from './session.ts';
import { startScreen } from './start-screen.ts';
import { listenForStop } from './until-stopped.ts';

export type StartOptions = { home?: string; fresh?: boolean; emulator: boolean };

/** What `npm start` assumes where the user says nothing: a newcomer should not wait an hour for the first interval. */
const defaults = { BATCH_INTERVAL_MS: '60000' };

/** Everything up, one screen, and down again at Ctrl-C. Returns the exit code. */
export function runStart(options: StartOptions): Promise<number> {
  process.stderr.write('Starting Kafka, S3, Postgres and Temporal ...\n');
  const stop = listenForStop();
  const page = ensurePage(callerEnvironment(), stop.signal);
  // Its failure is met where it is awaited, after the servers' start.
  page.catch(() => undefined);
  return withServers({ stop, home: options.home, fresh: options.fresh, anyPorts: false, defaults }, async (session) => {
    const { home, environment, config, say } = session;
    writeEnvironmentFile(home, environment);
    await page;
    say('The servers run. Starting set-up, worker and API ...');
    const apiUrl = config.apiUrl ?? `http://${config.apiHost}:${config.apiPort}`;
    const processes = await runProcesses({ home, environment, apiUrl, emulator: options.emulator, say, signal: stop.signal });
    process.stdout.write(startScreen(config, apiUrl, home.path, options.emulator));
    await untilStopped(session);
    say('Stopping ...');
    await processes.stop();
    return 0;
  });
}

/** The servers alone, for development: their settings are in the home's environment.json. Returns the exit code. */
export function runServersAlone(options: { home?: string; fresh?: boolean; anyPorts?: boolean }): Promise<number> {
  return withServers({ home: options.home, fresh: options.fresh, anyPorts: options.anyPorts ?? false }, async (session) => {
    writeEnvironmentFile(session.home, session.environment);
    process.stdout.write(`Servers run; their settings are in ${session.home.at('environment.json')}. Ctrl-C stops them.\n`);
    await untilStopped(session);
    return 0;
  });
}

function untilStopped({ stop: { signal } }: Session): Promise<void> {
  return new Promise((resolve) => {
    // With all servers given there may be no child to wait for, and waiting for a signal alone keeps no process alive.
    const awake = setInterval(() => undefined, 60_000);
    const end = (): void => {
      clearInterval(awake);
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });
}
