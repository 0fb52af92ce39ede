import { readRunningSettings } from '../settings.ts';
import type { Client } from '@temporalio/client';
import { callerEnvironment, loadConfig } from '#adapters/config.ts';
import type { TemporalOptions } from '#adapters/temporal.ts';
import { connectTemporal } from '#adapters/temporal.ts';
import { usageError } from '../run-program.ts';

/** Global options, which stand before the command; environment names of tctl stand behind them. */
export type GlobalOptions = {
  address?: string;
  namespace?: string;
  context_timeout: number;
  auth?: string;
  tls_cert_path?: string;
  tls_key_path?: string;
  tls_ca_path?: string;
  tls_server_name?: string;
  tls_disable_host_verification?: boolean;
};

/** Environment name of each global option, as tctl reads them. */
export const environmentNames = {
  address: 'TEMPORAL_CLI_ADDRESS',
  namespace: 'TEMPORAL_CLI_NAMESPACE',
  context_timeout: 'TEMPORAL_CONTEXT_TIMEOUT',
  auth: 'TEMPORAL_CLI_AUTH',
  tls_cert_path: 'TEMPORAL_CLI_TLS_CERT',
  tls_key_path: 'TEMPORAL_CLI_TLS_KEY',
  tls_ca_path: 'TEMPORAL_CLI_TLS_CA',
  tls_server_name: 'TEMPORAL_CLI_TLS_SERVER_NAME',
  tls_disable_host_verification: 'TEMPORAL_CLI_TLS_DISABLE_HOST_VERIFICATION',
} as const;

/** Runs `work` with a connected client, each request within the context timeout, and closes the connection. */
export async function withTemporal<Result>(options: GlobalOptions, work: (client: Client) => Promise<Result>): Promise<Result> {
  const timeoutMs = options.context_timeout * 1_000;
  const client = await connectTemporal(connectionOf(options, timeoutMs));
  try {
    return await client.withDeadline(Date.now() + timeoutMs, () => work(client));
  } finally {
    await client.connection.close();
  }
}

/** What is not given comes from the settings of the stack in this folder, whose Temporal has a port of its own. */
function connectionOf(options: GlobalOptions, timeoutMs: number): TemporalOptions {
  if (options.tls_disable_host_verification === true) {
    throw usageError(
      '--tls_disable_host_verification is not supported by this stand-in for tctl: name the host that the certificate is for with --tls_server_name.',
    );
  }
  const config = options.address === undefined ? readRunningSettings({}) : loadConfig();
  if ((options.tls_cert_path === undefined) !== (options.tls_key_path === undefined))
    throw usageError('--tls_cert_path and --tls_key_path belong together: give both.');
  const { tls_cert_path: certFile, tls_key_path: keyFile, tls_ca_path: caFile, tls_server_name: serverName } = options;
  const wantsTls = certFile !== undefined || caFile !== undefined || serverName !== undefined;
  return {
    temporalAddress: options.address ?? config.temporalAddress,
    temporalNamespace: options.namespace ?? config.temporalNamespace,
    temporalTls: wantsTls || config.temporalTls,
    temporalTlsCaFile: caFile ?? config.temporalTlsCaFile,
    temporalTlsCertFile: certFile ?? config.temporalTlsCertFile,
    temporalTlsKeyFile: keyFile ?? config.temporalTlsKeyFile,
    temporalTlsServerName: serverName ?? config.temporalTlsServerName,
    temporalApiKey: options.auth === undefined ? config.temporalApiKey : undefined,
    connectTimeoutMs: timeoutMs,
    ...(options.auth === undefined ? {} : { temporalAuthorization: options.auth }),
  };
}

/** Value of tctl's environment name for a global option. */
export function fromEnvironment(option: keyof typeof environmentNames): string | undefined {
  return callerEnvironment()[environmentNames[option]] || undefined;
}
