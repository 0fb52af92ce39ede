import type { Config } from '#adapters/config.ts';
import { settings } from '#adapters/settings/settings.ts';
import type { FileSetting, TlsAdvice } from '#adapters/tls.ts';
import { assertNoTlsFiles, findTlsError, readTlsFiles, tlsFailureOf } from '#adapters/tls.ts';
import { Failure } from '#domain/failures.ts';

/** How Temporal is reached: the same for clients and for the native connection of workers. */
export type TemporalAccess = Pick<
  Config,
  | 'temporalAddress'
  | 'temporalTls'
  | 'temporalTlsCaFile'
  | 'temporalTlsCertFile'
  | 'temporalTlsKeyFile'
  | 'temporalTlsServerName'
  | 'temporalApiKey'
> & {
  /** Sent as `authorization` header with each request, in place of an API key. */
  temporalAuthorization?: string;
};

/** As the two SDK packages take it, which agree on this much. */
export type TemporalConnectionOptions = {
  address: string;
  tls?: { serverNameOverride?: string; serverRootCACertificate?: Buffer; clientCertPair?: { crt: Buffer; key: Buffer } };
  apiKey?: string;
  metadata?: Record<string, string>;
};

const probeMs = 3_000;
const defaultPort = 7233;
const UNAUTHENTICATED = 16;
const PERMISSION_DENIED = 7;
const deniedInWords = /does not have (valid authentication credentials|permission to execute)/;

const tlsAdvice: TlsAdvice = {
  server: 'Temporal',
  ca: settings.temporalTlsCaFile.env,
  use: `${settings.temporalAddress.env} and ${settings.temporalTls.env}`,
  client: `${settings.temporalTlsCertFile.env} and ${settings.temporalTlsKeyFile.env}`,
};

/**
 * What both kinds of connection are made with.
 * @throws Failure `configuration` where the settings do not fit together or a file cannot be used.
 */
export function temporalConnectionOptions(access: TemporalAccess): TemporalConnectionOptions {
  const { temporalApiKey: apiKey, temporalAuthorization: authorization } = access;
  if (apiKey !== undefined && !access.temporalTls) {
    throw new Failure(
      'configuration',
      `${settings.temporalApiKey.env} is set without ${settings.temporalTls.env}=true: the key would travel readable.`,
    );
  }
  const tls = tlsOf(access);
  return {
    address: access.temporalAddress,
    ...(tls === undefined ? {} : { tls }),
    ...(apiKey === undefined || authorization !== undefined ? {} : { apiKey }),
    ...(authorization === undefined ? {} : { metadata: { authorization } }),
  };
}

function tlsOf(access: TemporalAccess): TemporalConnectionOptions['tls'] {
  const files = filesOf(access);
  const { temporalTlsServerName: name } = access;
  if (!access.temporalTls) {
    assertNoTlsFiles(`${settings.temporalTls.env}=true`, Object.values(files));
    return undefined;
  }
  const { ca, cert, key } = readTlsFiles(files);
  return {
    ...(name === undefined ? {} : { serverNameOverride: name }),
    ...(ca === undefined ? {} : { serverRootCACertificate: ca }),
    ...(cert === undefined || key === undefined ? {} : { clientCertPair: { crt: cert, key } }),
  };
}

function filesOf(access: TemporalAccess): Record<'ca' | 'cert' | 'key', FileSetting> {
  return {
    ca: { setting: settings.temporalTlsCaFile.env, path: access.temporalTlsCaFile },
    cert: { setting: settings.temporalTlsCertFile.env, path: access.temporalTlsCertFile },
    key: { setting: settings.temporalTlsKeyFile.env, path: access.temporalTlsKeyFile },
  };
}

/**
 * Why a connection could not be made. Neither gRPC library says what is wrong with a certificate, so a failed handshake
 * is tried once more by hand.
 */
export async function explainTemporalFailure(access: TemporalAccess, cause: unknown): Promise<Failure> {
  if (cause instanceof Failure) return cause;
  const { temporalAddress: address, temporalTls: tls } = access;
  if (isDenied(cause)) {
    return new Failure('denied', `Temporal at ${address} does not let us in: check ${settings.temporalApiKey.env} and the namespace.`, {
      cause,
    });
  }
  const { hostname, port } = new URL(`tcp://${address}`);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const name = access.temporalTlsServerName;
  const error = await findTlsError(
    {
      host,
      port: Number(port) || defaultPort,
      ALPNProtocols: ['h2'],
      ...(tls ? readTlsFiles(filesOf(access)) : { rejectUnauthorized: false }),
      ...(name === undefined ? {} : { servername: name }),
    },
    probeMs,
  );
  if (!tls && error === undefined) {
    return new Failure('configuration', `Temporal at ${address} speaks TLS: set ${settings.temporalTls.env}=true.`, { cause });
  }
  const explained = tls ? tlsFailureOf(error, tlsAdvice) : undefined;
  return (
    explained ??
    new Failure(
      'unavailable',
      `Temporal at ${address} cannot be reached: start the stack with npm start, or check ${settings.temporalAddress.env}.`,
      { cause },
    )
  );
}

/** A gRPC status, wrapped by the client's library; the native one gives its text only. */
function isDenied(cause: unknown): boolean {
  for (let error = cause; error instanceof Error; error = error.cause) {
    const { code } = error as { code?: unknown };
    if (code === UNAUTHENTICATED || code === PERMISSION_DENIED || deniedInWords.test(error.message)) return true;
  }
  return false;
}
