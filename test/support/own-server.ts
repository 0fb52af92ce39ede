import { callerEnvironment, loadConfig } from '#adapters/config.ts';
import type { Child } from '#stack/child.ts';
import type { Home } from '#stack/home.ts';
import type { Server } from '#stack/servers/server.ts';
import { startServer } from '#stack/servers/server.ts';
import type { Obtaining } from '#stack/tools/obtain.ts';
import { cacheFolderOf } from '#adapters/cache-folder.ts';

/** Where servers of `npm start` come from, without its screen. */
export function makeObtaining(): Obtaining {
  const environment = callerEnvironment();
  return {
    environment,
    cacheFolder: cacheFolderOf(loadConfig(environment).cacheHome),
    progress: { begin: () => ({ retitle: () => undefined, done: () => undefined }) },
    signal: new AbortController().signal,
  };
}

/** A server of the test's own. */
export type OwnServer = {
  /** Sends a signal to its process. */
  signal: (name: NodeJS.Signals) => void;
  /** Runs it again, as it was, once its process has ended. */
  startAgain: () => Promise<void>;
  stop: () => Promise<void>;
};

/** Runs one server of the stack in a home of the test's own; resolves when it serves. */
export async function startOwnServer(home: Home, server: Server): Promise<OwnServer> {
  const children: Child[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()));
    home.close();
  };
  try {
    const running = await startServer(home, server, (child) => children.push(child), new AbortController().signal);
    return {
      signal: (name) => void process.kill(children.at(-1)!.pid, name),
      async startAgain() {
        await children.at(-1)!.exited;
        children.push(running.startAgain());
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
