import { resolve } from 'node:path';
import type { Config } from '#adapters/config.ts';
import { callerEnvironment, loadConfig } from '#adapters/config.ts';
import { settings } from '#adapters/settings/settings.ts';
import type { ServerName } from './endpoints.ts';
import type { Home } from './home.ts';
import { assertFreeDisk, openHome } from './home.ts';
import { stopLeftovers } from './leftovers.ts';
import type { Servers } from './run-servers.ts';
import { runServers } from './run-servers.ts';
import { makeProgress } from './tools/progress.ts';
import type { StopRequest } from './until-stopped.ts';
import { Stopped, listenForStop } from './until-stopped.ts';

export type SessionOptions = {
  /** Folder of the home; undefined means the setting's. */
  home?: string | undefined;
  /** Begin with an empty home. */
  fresh?: boolean | undefined;
  anyPorts: boolean;
  /** The servers that are needed; default all. */
  servers?: readonly ServerName[];
  /** Who listens for Ctrl-C already. */
  stop?: StopRequest;
  /** Settings for which the stack has defaults of its own. */
  defaults?: Record<string, string>;
};

/** What a command of the stack works with while its servers run. */
export type Session = {
  home: Home;
  servers: Servers;
  environment: NodeJS.ProcessEnv;
  config: Config;
  stop: StopRequest;
  say: (line: string) => void;
};

const INTERRUPTED = 130;

/**
 * Runs `work` over servers in a home that is this process's alone, and stops the servers afterwards, whatever happens.
 * Returns the exit code: what `work` returns; 1 with the error's sentence; 130 when the user stopped it early.
 */
export async function withServers(options: SessionOptions, work: (session: Session) => Promise<number>): Promise<number> {
  const stop = options.stop ?? listenForStop();
  const say = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  let home: Home | undefined;
  let servers: Servers | undefined;
  stop.onInsist(() => {
    process.exit(INTERRUPTED);
  });
  // Whatever ends this process, a second Ctrl-C or a mistake of ours: nothing it started stays.
  process.on('exit', () => {
    for (const child of home?.running ?? []) child.kill();
  });
  try {
    const caller = {
      ...options.defaults,
      ...callerEnvironment(),
      ...(options.home === undefined ? {} : { [settings.home.env]: resolve(options.home) }),
    };
    const config = loadConfig(caller);
    home = openHome(config.home);
    if (home.isOpenToOthers)
      say(
        `Others may enter ${home.path}, which held something before Pinflow used it and is left so: chmod 700 it, or choose an empty folder.`,
      );
    await stopLeftovers(home, say);
    if (options.fresh) home.empty();
    assertFreeDisk(home);
    servers = await runServers({
      home,
      environment: caller,
      config,
      anyPorts: options.anyPorts,
      wanted: options.servers,
      say,
      progress: makeProgress(process.stderr),
      signal: stop.signal,
    });
    return await work({ home, servers, environment: servers.environment, config: loadConfig(servers.environment), stop, say });
  } catch (error) {
    if (error instanceof Stopped) return INTERRUPTED;
    say(sentenceOf(error));
    return 1;
  } finally {
    await servers?.stop();
    home?.close();
  }
}

/** Operating errors say what to do; anything else is a mistake of ours and comes with its stack. */
function sentenceOf(error: unknown): string {
  return error instanceof Error && error.name === 'Failure' ? error.message : String(error instanceof Error ? error.stack : error);
}
