import { spawn } from 'node:child_process';
import { closeSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Holder } from '#adapters/lock-file.mjs';
import { describeProcess } from '#adapters/lock-file.mjs';
import { openLog, tailOfLog } from './log-tail.ts';
import type { Home } from './home.ts';

/** How to run one process of the stack. */
export type Command = {
  command: string;
  args: readonly string[];
  environment: NodeJS.ProcessEnv;
  cwd?: string;
  /** Another user to run as; for root only. */
  user?: { uid: number; gid: number };
  /** What asks it to end in good order. */
  stopSignal?: NodeJS.Signals;
  /** How long it gets for that before it is killed. */
  stopMs?: number;
};

/** A running process of the stack, leader of a process group of its own. */
export type Child = {
  name: string;
  pid: number;
  logFile: string;
  /** Where in the log this process's own lines begin. */
  logFrom: number;
  /** Resolves when it is gone, with a phrase such as `ended with code 1`. Never rejects. */
  exited: Promise<string>;
  hasExited(): boolean;
  /** The last lines that it logged. */
  tail: () => string;
  /** Asks it to end, insists after `stopMs`, and resolves when it and its group are gone. */
  stop(): Promise<void>;
  /** Kills it and its group at once. */
  kill: () => void;
};

/** What the home keeps about a running process. */
export type PidFile = Holder & { stopSignal: NodeJS.Signals };

const STOP_MS = 3_000;

/**
 * Starts a process in a group of its own (a terminal's Ctrl-C reaches only the stack, which stops things in order),
 * with its output in the home's logs and its id in the home, so that the next stack can find it if this one is killed.
 */
export function startChild(home: Home, name: string, command: Command): Child {
  const logFile = home.at('logs', `${name}.log`);
  const pidFile = home.at('run', `${name}.json`);
  const log = openLog(logFile);
  const logFrom = statSync(logFile).size;
  const child = spawn(command.command, command.args, {
    cwd: command.cwd,
    ...command.user,
    env: command.environment,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const { pid } = child;
  const stopSignal = command.stopSignal ?? 'SIGTERM';
  let gone = false;
  const exited = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(`could not be started (${error.message})`));
    child.on('exit', (code, signal) => resolve(signal === null ? `ended with code ${code}` : `was ended by ${signal}`));
  }).then((how) => {
    gone = true;
    home.running.delete(running);
    // Its group may outlive it; nothing of it may.
    if (pid !== undefined) signalGroup(pid, 'SIGKILL');
    rmSync(pidFile, { force: true });
    return how;
  });
  const kill = (): void => {
    if (!gone && pid !== undefined) signalGroup(pid, 'SIGKILL');
  };
  const running: Child = {
    name,
    pid: pid ?? 0,
    logFile,
    logFrom,
    exited,
    hasExited: () => gone,
    tail: () => tailOfLog(logFile, logFrom),
    async stop() {
      if (gone || pid === undefined) return;
      child.kill(stopSignal);
      const insist = setTimeout(kill, command.stopMs ?? STOP_MS);
      await exited;
      clearTimeout(insist);
    },
    kill,
  };
  home.running.add(running);
  try {
    // Renamed into place: whoever looks must not find half of it.
    if (pid !== undefined) {
      writeFileSync(`${pidFile}.new`, JSON.stringify({ ...describeProcess(pid), stopSignal } satisfies PidFile));
      renameSync(`${pidFile}.new`, pidFile);
    }
  } catch (error) {
    // A process that the next stack could not find must not outlive this one.
    kill();
    throw error;
  }
  return running;
}

/** Sends a signal to a process group; one that is gone is fine. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // macOS answers EPERM for a group that consists of zombies only.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
