import type { Command } from 'commander';
import { Option } from 'commander';
import { apiUrlOf } from '#activities/endpoints.ts';
import { makePostgres } from '#adapters/postgres.ts';
import type { Shape } from '#emulator/post.ts';
import { shapes } from '#emulator/post.ts';
import { makeReport, summaryLineOf } from '#emulator/report-lines.ts';
import { runEmulator } from '#emulator/run.ts';
import { openSource } from '#emulator/source.ts';
import { exitCodes, exitCodesHelp } from '../exit-codes.ts';
import { httpUrl, positiveNumber, wholeNumber } from '../option-values.ts';
import type { HomeOption } from '../settings.ts';
import { readSettings, withHome } from '../settings.ts';

type EmulateOptions = HomeOption & {
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

const interruptedCode = 130;
const seedMax = 2 ** 32 - 1;

/** `pinflow emulate`: posts rows of the source database as the course's clients do. */
export function addEmulate(program: Command): void {
  withHome(program.command('emulate'))
    .summary('post events as a client')
    .description(
      "Posts rows of the source database, drawn as the course's clients draw them (Python's random.seed, then a coin and a row for each event): " +
        'the same seed posts the same events. Retries while the API is away.',
    )
    .option('--count <n>', 'end after so many events (default: go on until Ctrl-C)', wholeNumber(1))
    .option('--rate <n>', 'events a second, steadily (default: sleep 0 to 2 s before each)', positiveNumber)
    .option('--seed <n>', 'which sequence of rows', wholeNumber(0, seedMax), 100)
    .option('--start <k>', 'skip the first k events of the sequence', wholeNumber(0), 0)
    .addOption(
      new Option('--shape <shape>', 'pin: POST /pin/ with the pin; topics: POST /topics/<id>.pin, .geo and .user')
        .choices(shapes)
        .default('pin'),
    )
    .option('--target <url>', 'where to post (default: the API of the running stack)', httpUrl)
    .option('--source <url>', 'Postgres database with pinterest_data, geolocation_data and user_data (default: PINFLOW_SOURCE_URL)')
    .option('--concurrency <n>', 'events in flight (default: 1, more with a high rate)', wholeNumber(1, 1_000))
    .addOption(new Option('--quiet', 'print refusals, troubles and the summary only').conflicts('json'))
    .option('--json', 'an object a line: each event with its rows and answers, then the summary')
    .addHelpText(
      'after',
      `\nExample:\n  $ pinflow emulate --count 1000 --rate 200 --seed 5\n${exitCodesHelp}\nRefused events make it 1; Ctrl-C before --count is reached makes it ${interruptedCode}.`,
    )
    .action(emulate);
}

async function emulate(options: EmulateOptions): Promise<void> {
  const config = readSettings(options);
  const stopping = new AbortController();
  // `on`, not `once`: a terminal and the entry script both pass a Ctrl-C on.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
  const form = options.json === true ? 'json' : options.quiet === true ? 'quiet' : 'lines';
  const postgres = makePostgres({ url: options.source ?? config.sourceUrl, applicationName: 'pinflow-emulate', connectionsMax: 3 });
  try {
    const { shape, seed, start, count, rate, concurrency } = options;
    const summary = await runEmulator({
      source: await openSource(postgres),
      target: options.target ?? apiUrlOf(config),
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
    process.exitCode = isCutShort ? interruptedCode : summary.refused > 0 ? exitCodes.failed : exitCodes.done;
  } finally {
    await postgres.close();
  }
}
