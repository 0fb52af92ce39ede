import type { Config } from '#adapters/config.ts';

/** The one screen that `npm start` shows when everything is ready. */
export function startScreen(config: Config, apiUrl: string, home: string, emulator: boolean): string {
  return `
Pinflow runs.

  API               ${apiUrl}        (described, and to be tried, at ${apiUrl}/docs)
  Temporal Web UI   ${config.temporalUiUrl}
  Postgres          ${config.postgresUrl}
  State and logs    ${home}

Try:
  npx pinflow status
  npx pinflow sql "SELECT category, count(*) FROM pins GROUP BY 1 ORDER BY 2 DESC"
  npx tctl schedule trigger --schedule_id pin-batch

${emulator ? `The emulator posts ${config.emulatorRate} events a second; an interval closes every ${config.batchIntervalMs / 1000} s. ` : ''}Ctrl-C stops everything and loses nothing.
`;
}
