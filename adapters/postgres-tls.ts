import type { ConnectionOptions } from 'node:tls';
import type { TlsAdvice } from '#adapters/tls.ts';
import { readTlsFiles } from '#adapters/tls.ts';
import { Failure } from '#domain/failures.ts';

/**
 * TLS of Postgres, as its URL says. pg 8 takes `require`, `verify-ca` and `prefer` for `verify-full`, warns each process
 * that pg 9 will not, and reads files at each connection, whose errors name no setting. Here they are read once, and the
 * meaning stays whatever pg does: what is encrypted is also verified, unless `no-verify` says otherwise.
 */
const verifying = new Set(['verify-full', 'verify-ca', 'require', 'prefer']);
const parameters = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'] as const;

/** What messages about the TLS of Postgres point to. */
export const postgresTlsAdvice: TlsAdvice = {
  server: 'Postgres',
  ca: 'sslrootcert of its URL (POSTGRES_URL, PINFLOW_SOURCE_URL)',
  use: 'sslmode of its URL',
  client: 'sslcert and sslkey of its URL',
};

/**
 * Takes the standard TLS parameters out of a URL; one without any, or in another form, comes back as it is.
 * @throws Failure `configuration` where a parameter is unknown or a file cannot be used.
 */
export function splitTls(url: string): { url: string; ssl?: ConnectionOptions | false } {
  if (!URL.canParse(url)) return { url };
  const parsed = new URL(url);
  const query = parsed.searchParams;
  // Whoever asks pg for libpq's own meaning gets it from pg.
  if (query.has('uselibpqcompat') || !parameters.some((name) => query.has(name))) return { url };
  const [mode, ca, cert, key] = parameters.map((name) => {
    const value = query.get(name) || undefined;
    query.delete(name);
    return value;
  });
  return { url: parsed.href, ssl: tlsOf(mode ?? 'verify-full', ca, cert, key) };
}

function tlsOf(mode: string, ca: string | undefined, cert: string | undefined, key: string | undefined): ConnectionOptions | false {
  if (mode === 'disable') return false;
  if (mode !== 'no-verify' && !verifying.has(mode)) {
    throw new Failure(
      'configuration',
      `sslmode=${mode} in the URL of Postgres is none that Pinflow knows: say verify-full, no-verify or disable.`,
    );
  }
  const files = readTlsFiles({
    // As in libpq: the authorities that are trusted anyway.
    ca: named('sslrootcert', ca === 'system' ? undefined : ca),
    cert: named('sslcert', cert),
    key: named('sslkey', key),
  });
  return { ...files, rejectUnauthorized: mode !== 'no-verify' };
}

function named(parameter: string, path: string | undefined): { setting: string; path: string | undefined } {
  return { setting: `${parameter} in the URL of Postgres`, path };
}
