import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { CommandTime } from '#bench/footprint/findings.ts';
import type { WholeStack } from '#bench/measure/whole-stack.ts';
import { projectFolder } from '#stack/project.ts';

/** Small questions; each must end with code 0. `pinflow` is what npx links, so npx's own time is not in them. */
const commands: readonly (readonly string[])[] = [['version'], ['sql', 'select 1'], ['keys', 'list'], ['status']];

/**
 * @throws Error where a command fails. `status` may also say that something is not well (code 3): a stack that has just
 *   come up has not cut its first interval.
 */
export async function timeCommands({ environment }: Pick<WholeStack, 'environment'>, runs: number): Promise<CommandTime[]> {
  const times: CommandTime[] = [];
  for (const args of commands) {
    const seconds: number[] = [];
    // The first run fills caches that stay.
    for (let run = 0; run <= runs; run++) {
      const took = await timeCommand(args, environment);
      if (run > 0) seconds.push(took);
    }
    times.push({ command: `pinflow ${args.map((word) => (word.includes(' ') ? `"${word}"` : word)).join(' ')}`, seconds });
  }
  return times;
}

async function timeCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [join(projectFolder, 'cli', 'pinflow.mjs'), ...args], {
    cwd: projectFolder,
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0 && !(args[0] === 'status' && code === 3)) throw new Error(`pinflow ${args.join(' ')} ended with code ${code}: ${words}`);
  return (performance.now() - startedAt) / 1_000;
}
