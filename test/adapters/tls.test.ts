import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createServer } from 'node:tls';
import type { Config } from '#adapters/config.ts';
import { loadConfig } from '#adapters/config.ts';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeS3 } from '#adapters/s3.ts';
import { temporalConnectionOptions } from '#adapters/temporal-connection.ts';
import { findTlsError, tlsFailureOf } from '#adapters/tls.ts';
import { makeAuthority } from '#test/support/certificates.ts';
import { makeTestFolder } from '#test/support/stack-home.ts';

/** What the settings of TLS say before any server is asked, and how certificates that time made bad are told. */
const folder = makeTestFolder();
const authority = makeAuthority(folder, 'some-authority');
const ours = authority.issue('ours');
const others = authority.issue('others');
const noPem = join(folder, 'no.pem');
writeFileSync(noPem, 'not a certificate\n');

type Adapter = (given: Partial<Config>) => unknown;
const adapters = {
  kafka: (given) => makeKafkaClient({ ...loadConfig({}), ...given }, 'pinflow-test'),
  temporal: (given) => temporalConnectionOptions({ ...loadConfig({}), ...given }),
  s3: (given) => makeS3({ ...loadConfig({}), ...given }, 'a-bucket'),
  postgres: (given) => makePostgres({ url: given.postgresUrl ?? '', applicationName: 'pinflow-test' }),
} satisfies Record<string, Adapter>;
const postgresUrl = (query: string): string => `postgres://someone:secret@127.0.0.1:1/none?${query}`;

const wrong: [keyof typeof adapters, Partial<Config>, string][] = [
  [
    'kafka',
    { kafkaTls: true, kafkaTlsCaFile: '/nowhere/ca.pem' },
    'KAFKA_TLS_CA_FILE is /nowhere/ca.pem, which cannot be read (ENOENT): name a PEM file.',
  ],
  [
    'kafka',
    { kafkaTls: true, kafkaTlsCaFile: noPem },
    `KAFKA_TLS_CA_FILE is ${noPem}, which is no certificate in PEM form: check the file.`,
  ],
  [
    'kafka',
    { kafkaTls: true, kafkaTlsCertFile: ours.certFile },
    'KAFKA_TLS_CERT_FILE is set without KAFKA_TLS_KEY_FILE: a client certificate needs both.',
  ],
  [
    'kafka',
    { kafkaTls: true, kafkaTlsKeyFile: ours.keyFile },
    'KAFKA_TLS_KEY_FILE is set without KAFKA_TLS_CERT_FILE: a client certificate needs both.',
  ],
  [
    'kafka',
    { kafkaTls: true, kafkaTlsCertFile: ours.certFile, kafkaTlsKeyFile: others.keyFile },
    `KAFKA_TLS_KEY_FILE is ${others.keyFile}, which is no unencrypted PEM key of KAFKA_TLS_CERT_FILE: check the file.`,
  ],
  ['kafka', { kafkaTlsCaFile: authority.caFile }, 'KAFKA_TLS_CA_FILE is set without KAFKA_TLS=true: set that, or unset the file.'],
  ['kafka', { kafkaSaslMechanism: 'plain' }, 'KAFKA_SASL_MECHANISM is plain, but KAFKA_USERNAME or KAFKA_PASSWORD is not set: set both.'],
  [
    'temporal',
    { temporalTls: true, temporalTlsCertFile: ours.certFile },
    'TEMPORAL_TLS_CERT_FILE is set without TEMPORAL_TLS_KEY_FILE: a client certificate needs both.',
  ],
  [
    'temporal',
    { temporalTlsCaFile: authority.caFile },
    'TEMPORAL_TLS_CA_FILE is set without TEMPORAL_TLS=true: set that, or unset the file.',
  ],
  ['temporal', { temporalApiKey: 'a key' }, 'TEMPORAL_API_KEY is set without TEMPORAL_TLS=true: the key would travel readable.'],
  [
    's3',
    { s3Endpoint: 'http://127.0.0.1:1', s3TlsCaFile: authority.caFile },
    'S3_TLS_CA_FILE is set without an https S3_ENDPOINT: set that, or unset the file.',
  ],
  [
    's3',
    { s3Endpoint: 'https://127.0.0.1:1', s3TlsCaFile: noPem },
    `S3_TLS_CA_FILE is ${noPem}, which is no certificate in PEM form: check the file.`,
  ],
  [
    'postgres',
    { postgresUrl: postgresUrl('sslmode=allow') },
    'sslmode=allow in the URL of Postgres is none that Pinflow knows: say verify-full, no-verify or disable.',
  ],
  [
    'postgres',
    { postgresUrl: postgresUrl('sslrootcert=/nowhere/ca.pem') },
    'sslrootcert in the URL of Postgres is /nowhere/ca.pem, which cannot be read (ENOENT): name a PEM file.',
  ],
  [
    'postgres',
    { postgresUrl: postgresUrl(`sslmode=require&sslkey=${ours.keyFile}`) },
    'sslkey in the URL of Postgres is set without sslcert in the URL of Postgres: a client certificate needs both.',
  ],
];
for (const [name, given, message] of wrong) {
  test(`${name}: ${message.replaceAll(folder, '')}`, () => {
    assert.throws(() => adapters[name](given), { name: 'Failure', kind: 'configuration', message });
  });
}

test('an endpoint of S3 that is no URL is told when the settings are read', () => {
  for (const endpoint of ['localhost:9000', '10.0.0.1', 's3.example.org', 'ftp://s3.example.org']) {
    assert.throws(() => loadConfig({ S3_ENDPOINT: endpoint }), { kind: 'configuration', message: /S3_ENDPOINT=.* begins with http/ });
  }
});

const validities = [
  { fromDays: -10, untilDays: -1, says: /certificate of a server has expired: renew it/ },
  { fromDays: 1, untilDays: 10, says: /certificate of a server is not valid yet: renew it there, or set this machine's clock/ },
];
for (const { says, ...validity } of validities) {
  test(`a certificate from day ${validity.fromDays} to day ${validity.untilDays} is a matter of its server, and may pass`, async () => {
    const { certFile, keyFile } = authority.issue(`at-${validity.untilDays}`, ['127.0.0.1'], validity);
    const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
    after(() => server.close());
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    const error = await findTlsError({ host: '127.0.0.1', port, ca: readFileSync(authority.caFile) }, 5_000);
    const failure = tlsFailureOf(error, { server: 'a server', ca: 'CA_FILE', use: 'TLS' });
    assert.equal(failure?.kind, 'unavailable');
    assert.match(failure.message, says);
  });
}

test('an error that is none of TLS is left to the adapter', () => {
  for (const error of [
    new Error('anything'),
    Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
    Object.assign(new Error('write EPROTO'), { code: 'EPROTO' }),
  ]) {
    assert.equal(tlsFailureOf(error, { server: 'a server', ca: 'CA_FILE', use: 'TLS' }), undefined);
  }
});
