import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { callerEnvironment } from '#adapters/config.ts';
import { openHomeUnlessTaken } from './home.ts';
import { stopLeftovers } from './leftovers.ts';
import { projectFolder } from './project.ts';
import { runTests } from './run-tests.ts';
import { listenForStop } from './until-stopped.ts';
import { withServers } from './session.ts';
import type { CheckResult } from './static-checks.ts';
import { runStaticChecks } from './static-checks.ts';

const homes = join(projectFolder, '.pinflow-test');

/**
 * What `npm test` runs: the static checks while the servers start, then the tests against those servers, in a home and
 * on ports of this run alone. `filters` ask for some tests only, and leave the checks out. Returns the exit code.
 */
export async function runTest(filters: readonly string[]): Promise<number> {
  const stop = listenForStop();
  await removeStaleHomes();
  const home = join(homes, String(process.pid));
  const checking = filters.length === 0 ? runStaticChecks(callerEnvironment(), stop.signal) : Promise.resolve([]);
  // Its failure is met where it is awaited, after the servers' start.
  checking.catch(() => undefined);
  const code = await withServers({ home, anyPorts: true, stop }, async ({ environment, say }) => {
    const checks = await checking;
    report(checks, say);
    const tested = await runTests(filters, environment, stop.signal);
    const failed = checks.filter((check) => check.problem !== undefined);
    if (failed.length > 0) say(`Failed: ${failed.map((check) => check.name).join(', ')} (their words are above the tests)`);
    return tested === 0 && failed.length === 0 ? 0 : 1;
  });
  if (code === 1) process.stderr.write(`What the run left, databases and logs included, is kept in ${home} until the next run.\n`);
  else rmSync(home, { recursive: true, force: true });
  return code;
}

function report(checks: readonly CheckResult[], say: (line: string) => void): void {
  for (const { name, problem, seconds } of checks) {
    say(problem === undefined ? `✔ ${name} (${seconds.toFixed(1)} s)` : `✖ ${name} (${seconds.toFixed(1)} s): ${problem}`);
  }
}

/**
 * Homes of runs that are over: kept ones of failed runs, and those that a kill left with servers running; also the homes
 * of stacks that tests started in them.
 */
async function removeStaleHomes(): Promise<void> {
  for (const path of foldersIn(homes)) {
    const home = openHomeUnlessTaken(path);
    if ('pid' in home) continue;
    const inner = foldersIn(home.at('tests')).filter((folder) => existsSync(join(folder, 'run')));
    for (const one of [home, ...inner.map(openHomeUnlessTaken)]) {
      if ('pid' in one) continue;
      await stopLeftovers(one, () => undefined);
      one.close();
    }
    rmSync(path, { recursive: true, force: true });
  }
}

function foldersIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}
