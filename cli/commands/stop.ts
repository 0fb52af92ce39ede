import type { Command } from 'commander';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '#domain/failures.ts';
import type { HomeOption } from '../settings.ts';
import { readSettings, withHome } from '../settings.ts';

/** A stack ends within ten seconds, and insists on that itself. */
const stopMs = 15_000;
const pollMs = 50;

/** `pinflow stop`: what Ctrl-C does in the terminal where the stack runs. */
export function addStop(program: Command): void {
  withHome(program.command('stop'))
    .summary('stop what start started')
    .description('Stops the stack of a home as Ctrl-C would, and waits until it is gone. Nothing is lost; the next start goes on.')
    .addHelpText('after', '\nExample:\n  $ pinflow stop')
    .action(async (options: HomeOption) => {
      const { home } = readSettings(options);
      const pid = findStack(home);
      if (pid === undefined) {
        console.log(`Nothing runs in ${home}.`);
        return;
      }
      process.kill(pid, 'SIGTERM');
      await waitUntilGone(pid);
      console.log(`Stopped what ran in ${home}.`);
    });
}

async function waitUntilGone(pid: number): Promise<void> {
  const giveUpAtMs = performance.now() + stopMs;
  while (isStack(pid)) {
    if (performance.now() > giveUpAtMs)
      throw new Failure('timeout', `Process ${pid} does not stop: look at what it does, or end it by kill -9 ${pid}.`);
    await sleep(pollMs);
  }
}

/** Process id of the stack that holds the home's lock; undefined when the lock is not there or its holder is gone. */
function findStack(home: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(join(home, 'stack.lock'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const { pid } = JSON.parse(text) as { pid: number };
  return isStack(pid) ? pid : undefined;
}

/** Whether the process is a stack: process ids are used again, and a stranger must not get our signal. */
function isStack(pid: number): boolean {
  return commandLineOf(pid).some((word) => word.replaceAll('\\', '/').endsWith('stack/main.ts'));
}

function commandLineOf(pid: number): string[] {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(' ');
  } catch {
    // No such process: the file is not there, ps ends with 1.
    return [];
  }
}
