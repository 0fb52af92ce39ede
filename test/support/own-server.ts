import { callerEnvironment, loadConfig } from '#adapters/config.ts';
import type { Child } from '#stack/child.ts';
import type { Home } from '#stack/home.ts';
import type { Server } from '#stack/servers/server.ts';
import { startServer } from '#stack/servers/server.ts';
import type { Obtaining } from '#stack/tools/obtain.ts';
import { cacheFolderOf } from '#stack/tools/obtain.ts';

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

/** Runs one server of the stack in a home of the test's own; resolves with how to stop it, when it serves. */
export async function startOwnServer(home: Home, server: Server): Promise<() => Promise<void>> {
  const children: Child[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()));
    home.close();
  };
  try {
    await startServer(home, server, (child) => children.push(child), new AbortController().signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
