import { rmSync } from 'node:fs';
import { callerEnvironment } from '#adapters/config.ts';
import { ensurePage } from './build-page.ts';
import { homeOfRun, removeStaleHomes, stopStacksOfTests } from './run-homes.ts';
import { longTests, runTests } from './run-tests.ts';
import { listenForStop } from './until-stopped.ts';
import { withServers } from './session.ts';
import type { CheckResult } from './static-checks.ts';
import { runStaticChecks } from './static-checks.ts';

/**
 * Brokers of tests live for seconds. What Java's second compiler takes to make them fast was a third of a broker's CPU
 * time; whatever the caller sets wins.
 */
const defaults = { JDK_JAVA_OPTIONS: '-XX:TieredStopAtLevel=1' };

/**
 * What `npm test` runs: the static checks while the servers start, then the tests against those servers, in a home and
 * on ports of this run alone. `filters` ask for some tests only, and leave the checks out; `long` is for those that have a
 * long form. Returns the exit code.
 */
export async function runTest(filters: readonly string[], { long }: { long?: true } = {}): Promise<number> {
  const stop = listenForStop();
  await removeStaleHomes();
  const home = homeOfRun(String(process.pid));
  const checking = filters.length === 0 ? runStaticChecks(callerEnvironment(), stop.signal) : Promise.resolve([]);
  // Its failure is met where it is awaited, after the servers' start.
  checking.catch(() => undefined);
  const page = ensurePage(callerEnvironment(), stop.signal);
  page.catch(() => undefined);
  const code = await withServers({ home, anyPorts: true, stop, defaults }, async ({ environment, say }) => {
    const checks = await checking;
    await page;
    report(checks, say);
    let tested;
    try {
      tested = await runTests(filters, long === true ? { ...environment, [longTests]: '1' } : environment, stop.signal);
    } finally {
      await stopStacksOfTests(home, say);
    }
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
