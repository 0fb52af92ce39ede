import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PidFile } from './child.ts';
import { signalGroup } from './child.ts';
import type { Home } from './home.ts';
import { isAlive } from '#adapters/lock-file.mjs';

const STOP_MS = 6_000;
const POLL_MS = 50;

/**
 * Ends what a killed stack left running in this home. A process counts as ours only if the home wrote down its id
 * *and* its start time: an id that the system gave to someone else since is left alone.
 */
export async function stopLeftovers(home: Home, say: (line: string) => void): Promise<void> {
  const left = readdirSync(home.at('run')).map((file) => ({ name: file.replace(/\.json$/, ''), file: home.at('run', file) }));
  await Promise.all(
    left.map(async ({ name, file }) => {
      const holder = parsedHolder(readFileSync(file, 'utf8'));
      if (holder !== undefined && isAlive(holder)) {
        say(`Stopping ${name} (process ${holder.pid}), which an earlier run left behind`);
        await stopGroup(holder);
      }
      rmSync(file, { force: true });
    }),
  );
}

async function stopGroup(holder: PidFile): Promise<void> {
  process.kill(holder.pid, holder.stopSignal);
  const giveUpAt = Date.now() + STOP_MS;
  while (isAlive(holder) && Date.now() < giveUpAt) await sleep(POLL_MS);
  signalGroup(holder.pid, 'SIGKILL');
  while (isAlive(holder)) await sleep(POLL_MS);
}

function parsedHolder(text: string): PidFile | undefined {
  try {
    return JSON.parse(text) as PidFile;
  } catch (error) {
    // Killed between creating and writing the file.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
