import { apiUrlOf } from '#questions/endpoints.ts';
import { makePostgres } from '#adapters/postgres.ts';
import type { Shape } from '#emulator/post.ts';
import { makeReport, summaryLineOf } from '#emulator/report-lines.ts';
import { runEmulator } from '#emulator/run.ts';
import { openSource } from '#emulator/source.ts';
import { exitCodes } from './exit-codes.ts';
import { orNothingRuns } from './nothing-runs.ts';
import type { HomeOption } from './home-option.ts';
import { readRunningSettings } from './settings.ts';

export type EmulateOptions = HomeOption & {
  target?: string;
  source?: string;
  shape: Shape;
  seed: number;
  start: number;
  count?: number;
  rate?: number;
  concurrency?: number;
  quiet?: boolean;
  json?: boolean;
};

/** Runs the emulator over the source database until it is done or told to stop; returns the exit code. */
export async function emulate(options: EmulateOptions): Promise<number> {
  const config = readRunningSettings(options);
  const stopping = new AbortController();
  // `on`, not `once`: a terminal and the entry script both pass a Ctrl-C on.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
  const form = options.json === true ? 'json' : options.quiet === true ? 'quiet' : 'lines';
  const postgres = makePostgres({ url: options.source ?? config.sourceUrl, applicationName: 'pinflow-emulate', connectionsMax: 3 });
  try {
    const { shape, seed, start, count, rate, concurrency } = options;
    const summary = await runEmulator({
      source: await orNothingRuns(config, () => openSource(postgres, console.error)),
      target: options.target ?? apiUrlOf(config),
      apiKey: config.apiKey,
      shape,
      seed,
      start,
      ...(count === undefined ? {} : { count }),
      ...(rate === undefined ? {} : { rate }),
      ...(concurrency === undefined ? {} : { concurrency }),
      signal: stopping.signal,
      report: makeReport({ form, write: (line) => console.log(line), writeError: (line) => console.error(line) }),
    });
    console.log(form === 'json' ? JSON.stringify({ summary }) : summaryLineOf(summary));
    const isCutShort = count !== undefined && summary.events < count;
    if (isCutShort) return exitCodes.interrupted;
    return summary.refused > 0 ? exitCodes.failed : exitCodes.done;
  } finally {
    await postgres.close();
  }
}
