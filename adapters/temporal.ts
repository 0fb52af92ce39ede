import type { Client } from '@temporalio/client';
import type { Config } from '#adapters/config.ts';
import type { TemporalAccess } from '#adapters/temporal-connection.ts';
import { explainTemporalFailure, temporalConnectionOptions } from '#adapters/temporal-connection.ts';

export type TemporalOptions = TemporalAccess &
  Pick<Config, 'temporalNamespace'> & {
    /** Default 5 s. */
    connectTimeoutMs?: number;
  };

export type TemporalClient = Client;

const connectTimeoutMs = 5_000;
/** Names of the client's errors. */
const missing = new Set(['ScheduleNotFoundError', 'WorkflowNotFoundError']);

/**
 * Connects a client to Temporal, within a bounded time; close it with `client.connection.close()`. Workers have their
 * own, native connection.
 * @throws Failure `unavailable` when no server answers, `configuration` or `denied` when it does and settings do not fit.
 */
export async function connectTemporal(options: TemporalOptions): Promise<Client> {
  const connectionOptions = temporalConnectionOptions(options);
  // Loaded at the first use: it is a quarter of the start of an API, of which few ever ask.
  const { Client, Connection } = await import('@temporalio/client');
  try {
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: options.connectTimeoutMs ?? connectTimeoutMs });
    return new Client({ connection, namespace: options.temporalNamespace });
  } catch (error) {
    throw await explainTemporalFailure(options, error);
  }
}

/**
 * Asks Temporal something that takes `answerMsMax` at most, over a connection of its own.
 * @throws Failure as connectTemporal does, and what `work` throws.
 */
export async function askTemporal<Answer>(
  options: TemporalOptions,
  answerMsMax: number,
  work: (client: Client) => Promise<Answer>,
): Promise<Answer> {
  const client = await connectTemporal(options);
  try {
    return await client.withDeadline(Date.now() + answerMsMax, () => work(client));
  } finally {
    await client.connection.close();
  }
}

/** Whether Temporal says that the named schedule or workflow does not exist. */
export function isMissingInTemporal(error: unknown): boolean {
  return error instanceof Error && missing.has(error.name);
}
