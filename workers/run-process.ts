import type { Config } from '#adapters/config.ts';
import { loadConfig } from '#adapters/config.ts';
import type { Log } from '#adapters/log.ts';
import { makeLog } from '#adapters/log.ts';

/**
 * The frame of a process: reads the settings, does the work, and exits with 0, or with 1 and one log line that holds the
 * failure's sentence. Exits by itself, because kafkajs keeps timers for a while.
 */
export async function runProcess(component: string, work: (config: Config, log: Log) => Promise<void>): Promise<never> {
  let log = makeLog(component, 'info');
  try {
    const config = loadConfig();
    log = makeLog(component, config.logLevel);
    await work(config, log);
  } catch (error) {
    log.error(`${component} failed`, { error });
    process.exit(1);
  }
  process.exit(0);
}
