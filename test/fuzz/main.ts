import { Command, InvalidArgumentError } from 'commander';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '#stack/project.ts';
import { homeOfRun, removeStaleHomes } from '#stack/run-homes.ts';
import { withServers } from '#stack/session.ts';
import { listenForStop } from '#stack/until-stopped.ts';

/** `npm run fuzz`: the door as its own process, on servers of this run alone, and whatever a client may send to it. */
const program = new Command('npm run fuzz --')
  .description(
    'Sends requests of all sorts, drawn from the OpenAPI document and worse, to a door of its own, and holds every answer to it.',
  )
  .option('--runs <n>', 'drawn requests', positive, 20_000)
  .option('--seed <n>', 'draw the same requests again', Number, randomInt(2 ** 31 - 1))
  .action(async ({ runs, seed }: { runs: number; seed: number }) => {
    const stop = listenForStop();
    await removeStaleHomes();
    const home = homeOfRun(`fuzz-${process.pid}`);
    const code = await withServers({ home, anyPorts: true, stop, servers: ['kafka', 'postgres'] }, async ({ environment, say }) => {
      say(`Fuzzing with --runs ${runs} --seed ${seed}`);
      // A process of its own: its settings are those of the servers, which it reads as every process does.
      const child = spawn(process.execPath, [join('test', 'fuzz', 'run-child.ts'), String(runs), String(seed)], {
        cwd: projectFolder,
        env: environment,
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      stop.signal.addEventListener('abort', () => child.kill());
      const [exitCode] = (await once(child, 'close')) as [number | null];
      stop.signal.throwIfAborted();
      return exitCode === 0 ? 0 : 1;
    });
    if (code === 1) process.stderr.write(`What the run left, logs included, is kept in ${home} until the next run.\n`);
    else rmSync(home, { recursive: true, force: true });
    process.exitCode = code;
  });

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number above 0');
  return value;
}

await program.parseAsync();
