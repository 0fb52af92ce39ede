import { NativeConnection } from '@temporalio/worker';
import type { TemporalAccess } from '#adapters/temporal-connection.ts';
import { explainTemporalFailure, temporalConnectionOptions } from '#adapters/temporal-connection.ts';

/**
 * Connects a worker process to Temporal: workers poll through a connection of their own, which is not a client's.
 * @throws Failure `unavailable` when no server answers, `configuration` or `denied` when it does and settings do not fit.
 */
export async function connectNative(access: TemporalAccess): Promise<NativeConnection> {
  const options = temporalConnectionOptions(access);
  try {
    return await NativeConnection.connect(options);
  } catch (error) {
    throw await explainTemporalFailure(access, error);
  }
}
