import type { Child, Command } from '../child.ts';
import { startChild } from '../child.ts';
import type { Home } from '../home.ts';
import { waitUntilReady } from '../wait-until-ready.ts';

/** One embedded server: how to prepare its state, run it, and ask it over its own protocol whether it serves. */
export type Server = {
  name: string;
  title: string;
  /** Makes what must be there before the first start; quick when it is there. */
  prepare?(signal: AbortSignal): Promise<void>;
  command: Command;
  /** How to run it when it ended with these words before it was ready; undefined when nothing else would help. */
  insteadOf?(lastWords: string): Command | undefined;
  /** One look, answered within a second. */
  isReady(): Promise<boolean>;
  /** What has to be set or checked in the running server before anyone uses it. */
  settle?(signal: AbortSignal): Promise<void>;
};

/** A server that serves, and how to run it again. */
export type Running = { child: Child; startAgain: () => Child };

const READY_MS = 60_000;

/**
 * Starts a server and resolves when it serves; `started` hears of each process at once.
 * @throws Failure `unavailable` with the tail of its log when it ends or stays silent.
 */
export async function startServer(home: Home, server: Server, started: (child: Child) => void, signal: AbortSignal): Promise<Running> {
  await server.prepare?.(signal);
  signal.throwIfAborted();
  const start = (command: Command): Child => {
    const child = startChild(home, server.name, command);
    started(child);
    return child;
  };
  let command = server.command;
  let child = start(command);
  try {
    await waitUntilReady(child, server, READY_MS, signal);
  } catch (error) {
    const instead = child.hasExited() ? server.insteadOf?.(child.tail()) : undefined;
    if (instead === undefined) throw error;
    command = instead;
    child = start(command);
    await waitUntilReady(child, server, READY_MS, signal);
  }
  await server.settle?.(signal);
  return { child, startAgain: () => startChild(home, server.name, command) };
}
