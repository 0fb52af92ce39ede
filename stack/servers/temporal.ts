import { searchAttributes } from '#domain/names.ts';
import type { Home } from '../home.ts';
import { onceInHome } from '../home.ts';
import type { Ports } from '../ports.ts';
import { runProgram } from '../tools/run-program.ts';
import type { Server } from './server.ts';
import { temporalIsReady } from './temporal-probe.ts';

/**
 * The development server has one shard, and each shard looks for tasks 20 times a second by default: every dispatch
 * would wait 50 ms. Production gets the same values per shard (deploy/).
 */
const dynamicConfig: Readonly<Record<string, number | boolean>> = {
  'system.enableActivityEagerExecution': true,
  'history.transferProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxPollRPS': 2000,
  'history.visibilityProcessorMaxPollRPS': 2000,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
};
/** A finished run stays visible for 30 days. */
const RETENTION = '720h';

/** Temporal with its Web UI, one binary over one SQLite file in the home. */
export function makeTemporal(home: Home, ports: Ports, binary: string, callerEnvironment: NodeJS.ProcessEnv): Server {
  const address = `127.0.0.1:${ports.temporal}`;
  // The memory caches are bounded by count only; the limit bounds them by size. No question for a newer version.
  const environment = { ...callerEnvironment, TEMPORAL_VERSION_CHECK_DISABLED: '1', GOMEMLIMIT: '256MiB' };
  return {
    name: 'temporal',
    title: 'Temporal',
    command: {
      command: binary,
      args: [
        'server',
        'start-dev',
        '--ip',
        '127.0.0.1',
        '--port',
        String(ports.temporal),
        '--ui-port',
        String(ports.temporalUi),
        '--metrics-port',
        String(ports.temporalMetrics),
        '--db-filename',
        home.at('temporal.db'),
        '--sqlite-pragma',
        'journal_mode=WAL',
        '--sqlite-pragma',
        'synchronous=OFF',
        '--log-level',
        'warn',
        ...Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
        ...Object.entries(dynamicConfig).flatMap(([name, value]) => ['--dynamic-config-value', `${name}=${value}`]),
      ],
      environment,
    },
    isReady: () => temporalIsReady(address),
    settle: (signal) =>
      onceInHome(home, `temporal-retention-${RETENTION}`, async () => {
        await runProgram({
          command: binary,
          args: ['operator', 'namespace', 'update', '--address', address, '--retention', RETENTION, '-n', 'default'],
          environment,
          signal,
        });
      }),
  };
}
