import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Config } from '#adapters/config.ts';
import { settings } from '#adapters/settings/settings.ts';
import type { TlsAdvice, TlsFiles } from '#adapters/tls.ts';
import { assertNoTlsFiles, readTlsFiles, tlsFailureOf } from '#adapters/tls.ts';
import type { Failure } from '#domain/failures.ts';

/** An S3 server that is not AWS, and who vouches for it. */
export type S3Endpoint = Pick<Config, 's3Endpoint' | 's3TlsCaFile'>;

const tlsAdvice: TlsAdvice = { server: 'S3', ca: settings.s3TlsCaFile.env, use: settings.s3Endpoint.env };

/** @throws Failure `configuration` where the file cannot be used, or is set for an endpoint without TLS. */
export function readS3TlsFiles({ s3Endpoint: endpoint, s3TlsCaFile: path }: S3Endpoint): TlsFiles {
  const ca = { setting: settings.s3TlsCaFile.env, path };
  if (endpoint === undefined || /^https:/i.test(endpoint)) return readTlsFiles({ ca });
  assertNoTlsFiles(`an https ${settings.s3Endpoint.env}`, [ca]);
  return {};
}

export function s3TlsFailureOf(error: unknown): Failure | undefined {
  return tlsFailureOf(error, tlsAdvice);
}

/**
 * One request without the SDK, for probes; resolves with the status of the answer, whatever it is.
 * @throws the error of node:http, or a Failure where it is one of TLS.
 */
export function askS3(
  endpoint: S3Endpoint,
  url: URL,
  options: { method: string; headers?: Record<string, string>; body?: string; timeoutMs: number },
): Promise<number> {
  const files = readS3TlsFiles(endpoint);
  const { method, headers, body = '', timeoutMs } = options;
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const request = send(url, { method, headers: headers ?? {}, signal: AbortSignal.timeout(timeoutMs), ...files }, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', (error) => reject(s3TlsFailureOf(error) ?? error));
    request.end(body);
  });
}
