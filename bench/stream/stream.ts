import { writeFileSync } from 'node:fs';
import { isReached } from '#bench/measure/targets.ts';
import type { Effort, StreamSession } from '#bench/stream/measure-stream.ts';
import { measureStream } from '#bench/stream/measure-stream.ts';
import { reportOf } from '#bench/stream/report.ts';

export type StreamOptions = {
  quick?: boolean;
  records?: number;
  runs?: number;
  json?: string;
  /** File for the profile. */
  profile?: string;
};

const full: Effort = { records: 300_000, runs: 3 };
const quick: Effort = { records: 5_000, runs: 1 };

/**
 * Records a second that our stream path takes out of a full topic into Postgres, beside a bare loop that does the same.
 * @returns the exit code: 1 where a record is missing or a row differs, else 0, whatever the figures.
 */
export async function runStream(options: StreamOptions, session: StreamSession): Promise<number> {
  const effort: Effort = {
    ...(options.quick === true ? quick : full),
    ...(options.records === undefined ? {} : { records: options.records }),
    ...(options.runs === undefined ? {} : { runs: options.runs }),
  };
  const { findings, profile } = await measureStream(effort, session, options.profile);
  process.stdout.write(`\n${reportOf(findings)}`);
  if (profile !== undefined) process.stdout.write(`\n${profile}`);
  if (options.json !== undefined) {
    const targets = findings.targets.map((target) => ({ ...target, reached: isReached(target) }));
    writeFileSync(options.json, `${JSON.stringify({ effort, ...findings, targets }, undefined, 2)}\n`);
  }
  return findings.problems.length === 0 ? 0 : 1;
}
