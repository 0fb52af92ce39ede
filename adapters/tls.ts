import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { connect, createSecureContext } from 'node:tls';
import { Failure } from '#domain/failures.ts';

/** TLS as all drivers here take it: PEM files, and what a failed handshake means for whoever set them. */
export type TlsFiles = { ca?: Buffer; cert?: Buffer; key?: Buffer };

/** A setting that names a PEM file, and the file that it names. */
export type FileSetting = { setting: string; path: string | undefined };

/**
 * Reads the PEM files that settings name; whatever is not set is not in the result.
 * @throws Failure `configuration` that names setting and path of a file that cannot be used.
 */
export function readTlsFiles({ ca, cert, key }: { ca: FileSetting; cert?: FileSetting; key?: FileSetting }): TlsFiles {
  if ((cert?.path === undefined) !== (key?.path === undefined)) {
    const [given, absent] = cert?.path === undefined ? [key, cert] : [cert, key];
    throw new Failure('configuration', `${given!.setting} is set without ${absent!.setting}: a client certificate needs both.`);
  }
  const files: TlsFiles = {};
  if (ca.path !== undefined) {
    files.ca = read(ca);
    check(ca, 'is no certificate in PEM form', () => new X509Certificate(files.ca!));
  }
  if (cert?.path !== undefined && key?.path !== undefined) {
    files.cert = read(cert);
    files.key = read(key);
    check(cert, 'is no certificate in PEM form', () => createSecureContext({ cert: files.cert! }));
    check(key, `is no unencrypted PEM key of ${cert.setting}`, () => createSecureContext({ cert: files.cert!, key: files.key! }));
  }
  return files;
}

/** @throws Failure `configuration` where a file is set while TLS is off: what was meant to be encrypted would not be. */
export function assertNoTlsFiles(use: string, files: readonly FileSetting[]): void {
  const given = files.find(({ path }) => path !== undefined);
  if (given !== undefined) throw new Failure('configuration', `${given.setting} is set without ${use}: set that, or unset the file.`);
}

function read({ setting, path }: FileSetting): Buffer {
  try {
    return readFileSync(path!);
  } catch (error) {
    throw new Failure('configuration', `${setting} is ${path}, which cannot be read (${codeOf(error)}): name a PEM file.`, {
      cause: error,
    });
  }
}

function check({ setting, path }: FileSetting, problem: string, use: () => unknown): void {
  try {
    use();
  } catch (error) {
    throw new Failure('configuration', `${setting} is ${path}, which ${problem}: check the file.`, { cause: error });
  }
}

/** The settings of a server that a message about its TLS points to; `client` where it may ask for our certificate. */
export type TlsAdvice = { server: string; ca: string; use: string; client?: string };

const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'INVALID_CA',
  'INVALID_PURPOSE',
]);
const noTls = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|RECORD_LAYER_FAILURE/;
const refusesUs =
  /ALERT_(BAD_CERTIFICATE|CERTIFICATE_REQUIRED|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)/;

/**
 * What a failed handshake means, judged by OpenSSL's code; undefined where the error is not one of TLS. An expired
 * certificate is `unavailable`: its server gets a new one without us. What our settings must change for is not.
 */
export function tlsFailureOf(error: unknown, { server, ca, use, client }: TlsAdvice): Failure | undefined {
  const code = codeOf(error);
  const fail = (kind: ConstructorParameters<typeof Failure>[0], text: string): Failure => new Failure(kind, text, { cause: error });
  if (untrusted.has(code))
    return fail(
      'configuration',
      `The certificate of ${server} is not trusted (${code}): name the file of the authority that signed it in ${ca}.`,
    );
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return fail(
      'unavailable',
      `The certificate of ${server} ${code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet'}: renew it there, or set this machine's clock.`,
    );
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return fail('configuration', `The certificate of ${server} is for another host (${hostsOf(error)}): use a name that it is for.`);
  if (noTls.test(code)) return fail('configuration', `${server} does not speak TLS at this port: check ${use}.`);
  if (refusesUs.test(code))
    return fail('denied', `${server} wants a client certificate that it trusts (${code}): check ${client ?? 'its settings'}.`);
  return undefined;
}

/** Such as `CERT_HAS_EXPIRED`. Where a write fails it is EPROTO, and OpenSSL's reason stands in the text. */
function codeOf(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code !== 'EPROTO') return typeof code === 'string' ? code : '';
  return (
    /:([^:]*(?:wrong version number|packet length too long|alert [a-z ]+))/
      .exec(String(message))?.[1]
      ?.toUpperCase()
      .replaceAll(' ', '_') ?? code
  );
}

/** Node's text is "Hostname/IP does not match certificate's altnames: Host: a. is not in the cert's altnames: DNS:b". */
function hostsOf(error: unknown): string {
  return (error as Error).message.replace(/^.*altnames: (?=Host|IP)/, '').replace(/\.$/, '');
}

/**
 * Makes a TLS connection only to learn what is wrong with it: for drivers that do not say. Resolves with the error, or
 * with undefined where the server is content, and within `timeoutMs`.
 */
export function findTlsError(options: ConnectionOptions, timeoutMs: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const socket = connect(options);
    const settle = (error: Error | undefined): void => {
      resolve(error);
      socket.destroy();
    };
    let shaken = false;
    // That our certificate is refused is told behind the handshake, in place of the first bytes.
    socket.once('secureConnect', () => {
      shaken = true;
    });
    socket.once('data', () => settle(undefined));
    socket.once('error', settle);
    socket.once('close', () => settle(undefined));
    socket.setTimeout(timeoutMs, () => settle(shaken ? undefined : new Error(`no TLS handshake within ${timeoutMs} ms`)));
  });
}
