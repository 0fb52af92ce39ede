import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '#adapters/log.ts';
import { failureKindOf } from '#domain/failures.ts';

const everyMs = 250;
const sayEveryMs = 5_000;

/**
 * Repeats `attempt` until it succeeds: for what comes up beside this process, such as a server or setup. Settings that
 * are wrong, and programmer errors, end it at once.
 */
export async function untilReady<Result>(what: string, log: Log, attempt: () => Promise<Result>): Promise<Result> {
  let saidAt = 0;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!mayPass(error)) throw error;
      if (Date.now() - saidAt > sayEveryMs) {
        saidAt = Date.now();
        log.info(`waiting for ${what}`, { reason: (error as Error).message });
      }
      await delay(everyMs);
    }
  }
}

function mayPass(error: unknown): boolean {
  const kind = failureKindOf(error);
  if (kind !== undefined) return kind !== 'configuration' && kind !== 'denied' && kind !== 'fault';
  // Temporal's own connection errors (the server is not there yet).
  return (
    error instanceof Error &&
    (error.name === 'TransportError' ||
      /TransportError|UNAVAILABLE|[Cc]onnection|Namespace .* not found/.test(`${error.name} ${error.message}`))
  );
}
