import { fileURLToPath } from 'node:url';
import type { Aim, LoadResult } from '#bench/ingest/load.ts';
import { Failure } from '#domain/failures.ts';
import { findOnPath } from '#stack/tools/find-on-path.ts';
import { runProgram } from '#stack/tools/run-program.ts';

/** The closed-loop generator: every connection sends its next request when it has the answer to the last. */
export type Wrk = (aim: Aim, load: { connections: number; seconds: number }) => Promise<LoadResult>;

type Summary = {
  requests: number;
  durationUs: number;
  statusErrors: number;
  socketErrors: number;
  p50Us: number;
  p99Us: number;
  maxUs: number;
};

const script = fileURLToPath(new URL('pins.lua', import.meta.url));

/**
 * @param pinsFile one pin a line.
 * @throws Failure `configuration` where wrk is not installed.
 */
export function findWrk(environment: NodeJS.ProcessEnv, pinsFile: string, signal: AbortSignal): Wrk {
  const command = findOnPath('wrk', environment);
  if (command === undefined) {
    throw new Failure(
      'configuration',
      'The load generator wrk is not on the PATH: install it (Debian and Ubuntu: `apt-get install wrk`, macOS: `brew install wrk`) and try again.',
    );
  }
  return async ({ url, path, contentType, linesPerRequest }, { connections, seconds }) => {
    const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, url];
    const output = await runProgram({
      command,
      args: [...args, '--', pinsFile, String(linesPerRequest), path, contentType],
      environment,
      signal,
    });
    const said = JSON.parse(output.trimEnd().split('\n').at(-1)!) as Summary;
    return {
      seconds: said.durationUs / 1e6,
      answered: said.requests - said.statusErrors,
      refused: said.statusErrors,
      failed: said.socketErrors,
      uncountedMax: connections,
      p50Ms: said.p50Us / 1_000,
      p99Ms: said.p99Us / 1_000,
      maxMs: said.maxUs / 1_000,
    };
  };
}
