import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Holder } from '#adapters/lock-file.mjs';
import { isAlive } from '#adapters/lock-file.mjs';
import { Failure } from '#domain/failures.ts';
import type { HomeOption } from '../home-option.ts';
import { withHome } from '../home-option.ts';

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
      // Loaded late, as all that needs the settings: help and mistakes do not.
      const { readSettings } = await import('../settings.ts');
      const { home } = readSettings(options);
      const holder = findStack(home);
      if (holder === undefined) {
        console.log(`Nothing runs in ${home}.`);
        return;
      }
      process.kill(holder.pid, 'SIGTERM');
      await waitUntilGone(holder);
      console.log(`Stopped what ran in ${home}.`);
    });
}

async function waitUntilGone(holder: Holder): Promise<void> {
  const giveUpAtMs = performance.now() + stopMs;
  while (isAlive(holder)) {
    if (performance.now() > giveUpAtMs)
      throw new Failure('timeout', `Process ${holder.pid} does not stop: look at what it does, or end it by kill -9 ${holder.pid}.`);
    await sleep(pollMs);
  }
}

/**
 * The stack that holds the home's lock; undefined when the lock is not there, or its holder is gone. The lock names the
 * process by more than its id, which is used again: a stranger must not get our signal.
 */
function findStack(home: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(join(home, 'stack.lock'), 'utf8')) as Holder;
    return isAlive(holder) ? holder : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
