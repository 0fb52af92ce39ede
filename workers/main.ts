import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { Log } from '#adapters/log.ts';
import { connectNative } from '#workers/connect-native.ts';
import { openResources } from '#workers/resources.ts';
import { runProcess } from '#workers/run-process.ts';
import { untilReady } from '#workers/until-ready.ts';
import { makeWorkerOptions } from '#workers/worker-options.ts';

/**
 * A worker process: serves the queues of its roles until SIGTERM or SIGINT. Everything it starts with may still be
 * coming up (servers, setup): it waits for them, and says what for.
 */
await runProcess('worker', async (config, log) => {
  installRuntime(log);
  const resources = await untilReady('the servers and setup', log, () => openResources(config, log));
  const connection = await untilReady('Temporal', log, () => connectNative(config));
  const optionsOf = makeWorkerOptions(config, resources, log);
  const workers: Worker[] = [];
  for (const role of config.workerRoles) {
    const options = await optionsOf(role);
    const create = () => Worker.create({ ...options, connection, namespace: config.temporalNamespace });
    workers.push(await untilReady(`the queue of ${role}`, log, create));
  }
  const running = Promise.all(workers.map((worker) => worker.run()));
  log.info('worker ready', { roles: config.workerRoles, pid: process.pid });
  try {
    await running;
  } finally {
    await resources.close();
    await connection.close();
  }
  log.info('worker ended', {});
});

/** Temporal's own log goes into ours; SIGTERM and SIGINT drain the workers. */
function installRuntime(log: Log): void {
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      // Of the four queues only one has workflows; that the others have none is no news.
      if (message.startsWith('No workflows registered')) return;
      log[level === 'ERROR' ? 'error' : 'warn'](message, { ...meta });
    }),
    shutdownSignals: ['SIGTERM', 'SIGINT'],
  });
}
