import type { Config } from '#adapters/config.ts';
import { exampleQuestion } from '#domain/kinds/pin/example-question.ts';

/** The one screen that `npm start` shows when everything is ready. */
export function startScreen(config: Config, apiUrl: string, home: string, emulator: boolean): string {
  return `
Pinflow runs.

  Watch it here     ${apiUrl}
  API               ${apiUrl}/docs        (described, and to be tried)
  Temporal Web UI   ${config.temporalUiUrl}
  Postgres          ${readerUrl(config) ?? config.postgresUrl}
  State and logs    ${home}

Try:
  npx pinflow status
  npx pinflow sql "${exampleQuestion}"
  npx tctl schedule trigger --schedule_id pin-batch

${emulator ? `The emulator posts ${config.emulatorRate} events a second; an interval closes every ${config.batchIntervalMs / 1000} s. ` : ''}Ctrl-C stops everything and loses nothing.
`;
}

/** The line for people and their tools, which may read only; undefined where nobody said how such a role logs in. */
function readerUrl({ postgresUrl, postgresReader, postgresReaderPassword }: Config): string | undefined {
  if (postgresReaderPassword === undefined) return undefined;
  const url = new URL(postgresUrl);
  url.username = postgresReader;
  url.password = postgresReaderPassword;
  return url.href;
}
