import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';

/**
 * Certificates for tests, as files. Node's crypto signs but issues no X.509, and `openssl` is not on every machine; what
 * is needed of the grammar (RFC 5280, DER) is below:
 *
 *   certificate = SEQUENCE { body, algorithm, BIT STRING signature of body }
 *   body = SEQUENCE { [0] INTEGER 2, INTEGER serial, algorithm, name issuer, SEQUENCE { from, until }, name subject,
 *                     public key, [3] SEQUENCE OF extension }
 */
export type Authority = {
  /** PEM file of the authority's own certificate. */
  caFile: string;
  /** Issues a certificate for host names and IPv4 addresses; valid from `fromDays` to `untilDays` days from now. */
  issue(name: string, hosts?: readonly string[], validity?: { fromDays: number; untilDays: number }): { certFile: string; keyFile: string };
};

const year = { fromDays: -1, untilDays: 365 };
const dayMs = 86_400_000;

/** An authority of a test's own, whose files go into `folder`. */
export function makeAuthority(folder: string, name: string): Authority {
  mkdirSync(folder, { recursive: true });
  const write = (file: string, text: string, mode = 0o644): string => {
    const path = join(folder, file);
    writeFileSync(path, text, { mode });
    return path;
  };
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issue = (subject: string, publicKey: KeyObject, extension: Buffer, { fromDays, untilDays } = year): string => {
    const body = sequence(
      tagged(0xa0, integer(Buffer.of(2))),
      integer(Buffer.concat([Buffer.of(1), randomBytes(8)])),
      ecdsaWithSha256,
      nameOf(name),
      sequence(...[fromDays, untilDays].map((days) => utcTime(new Date(Date.now() + days * dayMs)))),
      nameOf(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      tagged(0xa3, sequence(extension)),
    );
    return pem(sequence(body, ecdsaWithSha256, tagged(0x03, Buffer.of(0), sign('sha256', body, own.privateKey))));
  };
  return {
    caFile: write(`${name}-ca.pem`, issue(name, own.publicKey, isAuthority)),
    issue(subject, hosts = [], validity = year) {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return {
        certFile: write(`${subject}.pem`, issue(subject, publicKey, hostsOf(hosts.length === 0 ? [subject] : hosts), validity)),
        keyFile: write(`${subject}-key.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, 0o600),
      };
    },
  };
}

const TRUE = Buffer.from('0101ff', 'hex');
const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));
/** basicConstraints, critical: cA. */
const isAuthority = sequence(oid('551d13'), TRUE, tagged(0x04, sequence(TRUE)));

/** subjectAltName: [2] DNS name or [7] address each. */
function hostsOf(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIPv4(host) ? tagged(0x87, Buffer.from(host.split('.').map(Number))) : tagged(0x82, Buffer.from(host)),
  );
  return sequence(oid('551d11'), tagged(0x04, sequence(...names)));
}

/** One common name. */
function nameOf(text: string): Buffer {
  return sequence(tagged(0x31, sequence(oid('550403'), tagged(0x0c, Buffer.from(text)))));
}

/** YYMMDDHHMMSSZ. */
function utcTime(time: Date): Buffer {
  const digits = time.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return tagged(0x17, Buffer.from(digits.slice(2)));
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, ...parts);
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

/** Tag, length (one byte below 128, else a count of bytes and they), content. */
function tagged(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = Buffer.of(content.length >> 8, content.length & 0xff);
  const head = content.length < 128 ? [length[1]!] : content.length < 256 ? [0x81, length[1]!] : [0x82, ...length];
  return Buffer.concat([Buffer.of(tag, ...head), content]);
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').replaceAll(/.{1,64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
}
