import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { timeCommands } from '#bench/footprint/command-times.ts';
import type { AtRest, Effort, Findings } from '#bench/footprint/findings.ts';
import { reportOf } from '#bench/footprint/report.ts';
import type { WholeStack } from '#bench/measure/whole-stack.ts';
import { startWholeStack } from '#bench/measure/whole-stack.ts';
import { cpuSecondsOf, hasProc, memoryOf } from '#bench/measure/processes.ts';
import type { StopRequest } from '#stack/until-stopped.ts';

export type FootprintOptions = { quick?: boolean; seconds?: number; json?: string };

const full: Effort = { settleSeconds: 180, seconds: 120, commandRuns: 9 };
const quick: Effort = { settleSeconds: 1, seconds: 2, commandRuns: 1 };

/**
 * What the whole stack costs: seconds until it serves, CPU and memory at rest (no event comes in, intervals of a minute
 * close), and how long a small question takes on the command line.
 * @returns the exit code: 0 where it came up and every command did its work, whatever the figures.
 */
export async function runFootprint(options: FootprintOptions, home: string, stop: StopRequest): Promise<number> {
  if (!hasProc()) {
    process.stderr.write('CPU and memory are read from /proc, which this system does not have: run this on Linux.\n');
    return 1;
  }
  const effort = { ...(options.quick === true ? quick : full), ...(options.seconds === undefined ? {} : { seconds: options.seconds }) };
  const stack = await startWholeStack(home, stop.signal);
  try {
    await delay(effort.settleSeconds * 1_000, undefined, { signal: stop.signal });
    const atRest = await measureRest(stack, effort.seconds, stop.signal);
    // Last: beside servers that still compile themselves they would be of these.
    const commands = await timeCommands(stack, effort.commandRuns);
    const { firstAckedSeconds, screenSeconds } = stack;
    const findings: Findings = { effort, firstAckedSeconds, screenSeconds, atRest, commands };
    process.stdout.write(`${reportOf(findings)}\n`);
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(findings, undefined, 2)}\n`);
    return 0;
  } finally {
    await stack.stop();
  }
}

async function measureRest({ processes, mainPid }: WholeStack, seconds: number, signal: AbortSignal): Promise<AtRest[]> {
  const pids = processes.map(({ pid }) => pid);
  // The stack's own part is what is in its tree and in none of the others'.
  const parts = [
    ...processes.map(({ name, pid }) => ({ name, roots: [pid], without: [] })),
    { name: 'stack', roots: [mainPid], without: pids },
  ];
  const cpuOf = (roots: readonly number[], without: readonly number[]): number =>
    cpuSecondsOf([...roots, ...without]) - (without.length === 0 ? 0 : cpuSecondsOf(without));
  const pssOf = (roots: readonly number[], without: readonly number[]): number =>
    memoryOf([...roots, ...without]).pssBytes - (without.length === 0 ? 0 : memoryOf(without).pssBytes);
  const startedAt = performance.now();
  const before = parts.map(({ roots, without }) => cpuOf(roots, without));
  await delay(seconds * 1_000, undefined, { signal });
  const wallS = (performance.now() - startedAt) / 1_000;
  return parts.map(({ name, roots, without }, i) => ({
    name,
    cores: (cpuOf(roots, without) - before[i]!) / wallS,
    pssBytes: pssOf(roots, without),
  }));
}
