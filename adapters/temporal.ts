import { Client, Connection, ScheduleNotFoundError } from '@temporalio/client';
import type { TLSConfig } from '@temporalio/client';
import type { Config } from '#adapters/config.ts';
import { WorkflowNotFoundError } from '@temporalio/common';
import { Failure } from '#domain/failures.ts';

export type TemporalOptions = Pick<Config, 'temporalAddress' | 'temporalNamespace'> & {
  /** TLS, where the server wants it; `true` means the system's authorities and no client certificate. */
  temporalTls?: TLSConfig | boolean;
  /** Sent as `authorization` header with each request. */
  temporalAuthorization?: string;
  /** Default 5 s. */
  connectTimeoutMs?: number;
};

const connectTimeoutMs = 5_000;

/**
 * Connects a client to Temporal, within a bounded time; close it with `client.connection.close()`. Workers have their
 * own, native connection.
 * @throws Failure `unavailable` when no server answers.
 */
export async function connectTemporal(options: TemporalOptions): Promise<Client> {
  const { temporalAddress: address, temporalNamespace: namespace, temporalTls: tls, temporalAuthorization: authorization } = options;
  try {
    const connection = await Connection.connect({
      address,
      connectTimeout: options.connectTimeoutMs ?? connectTimeoutMs,
      ...(tls === undefined ? {} : { tls }),
      ...(authorization === undefined ? {} : { metadata: { authorization } }),
    });
    return new Client({ connection, namespace });
  } catch (error) {
    throw new Failure(
      'unavailable',
      `Temporal at ${address} cannot be reached: start the stack with npm start, or check TEMPORAL_ADDRESS.`,
      { cause: error },
    );
  }
}

/** Whether Temporal says that the named schedule or workflow does not exist. */
export function isMissingInTemporal(error: unknown): boolean {
  return error instanceof ScheduleNotFoundError || error instanceof WorkflowNotFoundError;
}
