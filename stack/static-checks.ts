import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { projectFolder } from './project.ts';
import { runProgram } from './tools/run-program.ts';

/** What a check found: nothing, or the words it ended with. */
export type CheckResult = { name: string; problem?: string; seconds: number };

/**
 * Runs every script `check:...` of package.json side by side, each as npm would but without npm's own start.
 */
export function runStaticChecks(environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<CheckResult[]> {
  const { scripts } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  // The tools start through `env node`: the Node that runs us stands first, with the tools.
  const path = [join(projectFolder, 'node_modules', '.bin'), dirname(process.execPath), environment['PATH']].join(delimiter);
  const checks = Object.entries(scripts).filter(([name]) => name.startsWith('check:'));
  return Promise.all(checks.map(([name, script]) => runCheck(name, script, { ...environment, PATH: path }, signal)));
}

async function runCheck(name: string, script: string, environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<CheckResult> {
  const startedAt = Date.now();
  const seconds = (): number => (Date.now() - startedAt) / 1000;
  try {
    await runProgram({ command: 'sh', args: ['-c', script], environment, cwd: projectFolder, signal });
    return { name, seconds: seconds() };
  } catch (error) {
    signal.throwIfAborted();
    return { name, problem: (error as Error).message, seconds: seconds() };
  }
}
