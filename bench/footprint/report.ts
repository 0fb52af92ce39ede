import type { AtRest, Findings } from '#bench/footprint/findings.ts';
import type { Target } from '#bench/measure/targets.ts';
import { targetTable } from '#bench/measure/targets.ts';
import { median, show, showSpread } from '#bench/measure/numbers.ts';
import { plainTable } from '#cli/plain-table.ts';

const bytesPerMb = 1e6;

/** The findings as text for a person. */
export function reportOf(findings: Findings): string {
  const { effort, firstAckedSeconds, screenSeconds, atRest, commands } = findings;
  return [
    `Up, servers built: first acked POST after ${show(firstAckedSeconds, 1)} s, the screen after ${show(screenSeconds, 1)} s`,
    `At rest, over ${effort.seconds} s, ${effort.settleSeconds} s after the screen\n${plainTable(
      ['process', 'cores', 'PSS, MB'],
      [...atRest.toSorted((one, other) => other.cores - one.cores), sumOf(atRest)].map(({ name, cores, pssBytes }) => [
        name,
        show(cores, 4),
        show(pssBytes / bytesPerMb),
      ]),
    )}`,
    `Commands, seconds, ${effort.commandRuns} runs\n${plainTable(
      ['command', 'median (min-max)'],
      commands.map(({ command, seconds }) => [command, showSpread(seconds, 2)]),
    )}`,
    `Targets\n${targetTable(targetsOf(findings))}`,
  ].join('\n\n');
}

function sumOf(atRest: readonly AtRest[]): AtRest {
  return {
    name: 'all',
    cores: atRest.reduce((sum, { cores }) => sum + cores, 0),
    pssBytes: atRest.reduce((sum, { pssBytes }) => sum + pssBytes, 0),
  };
}

function targetsOf({ firstAckedSeconds, atRest, commands }: Findings): Target[] {
  const all = sumOf(atRest);
  const ceiling = (name: string, wanted: number, found: number, unit: string): Target => ({ name, wanted, found, unit, isFloor: false });
  return [
    ceiling('first acked POST', 8, firstAckedSeconds, 's'),
    ceiling('CPU at rest', 0.1, all.cores, 'cores'),
    ceiling('memory at rest (PSS)', 1_000, all.pssBytes / bytesPerMb, 'MB'),
    ...commands.map(({ command, seconds }) => ceiling(command, 0.4, median(seconds), 's')),
  ];
}
