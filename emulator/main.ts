import { apiUrlOf } from '#questions/endpoints.ts';
import { loadConfig } from '#adapters/config.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeReport, summaryLineOf } from '#emulator/report-lines.ts';
import { runEmulator } from '#emulator/run.ts';
import { openSource } from '#emulator/source.ts';

/**
 * The emulator of `npm start`: posts all three kinds at a gentle, steady rate until it is asked to stop. Its seed is the
 * time of its start, so that each start brings rows in a new order; `npx pinflow emulate --seed` repeats a sequence.
 */
const config = loadConfig();
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

const postgres = makePostgres({ url: config.sourceUrl, applicationName: 'pinflow-emulator', connectionsMax: 3 });
const seed = Math.floor(Date.now() / 1_000);
const target = apiUrlOf(config);
try {
  const source = await openSource(postgres, console.error);
  console.log(`emulator: posting ${config.emulatorRate} events a second to ${target}, seed ${seed}`);
  const summary = await runEmulator({
    source,
    target,
    apiKey: config.apiKey,
    shape: 'topics',
    seed,
    start: 0,
    rate: config.emulatorRate,
    signal: stopping.signal,
    report: makeReport({ form: 'quiet', write: console.log, writeError: console.error }),
  });
  console.log(`emulator: ${summaryLineOf(summary)}`);
} catch (error) {
  console.error(`emulator: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await postgres.close();
}
