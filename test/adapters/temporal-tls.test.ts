import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Http2SecureServer } from 'node:http2';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { TlsOptions } from 'node:tls';
import { createServer } from 'node:tls';
import type { Config } from '#adapters/config.ts';
import { callerEnvironment } from '#adapters/config.ts';
import { settings } from '#adapters/settings/settings.ts';
import { connectTemporal } from '#adapters/temporal.ts';
import type { FailureKind } from '#domain/failures.ts';
import { makeAuthority } from '#test/support/certificates.ts';
import { runCli } from '#test/cli/run-cli.ts';
import { testConfig } from '#test/support/servers.ts';
import { makeTestFolder } from '#test/support/stack-home.ts';
import { connectNative } from '#workers/connect-native.ts';

const authority = makeAuthority(makeTestFolder(), 'temporal-authority');
/** Head of tctl's table. */
const listed = /^ScheduleId /;
const serverName = 'temporal.example';
const apiKey = 'a key of ours';

/** The development server speaks no TLS, so one end of it is a proxy here; what clients see is the same. */
describe('a Temporal behind TLS', { concurrency: 4 }, () => {
  let config: Config;
  const servers: (Server | Http2SecureServer)[] = [];
  const sockets = new Set<Socket>();
  const doors = { tls: '', mtls: '', keyed: '' };

  before(async () => {
    config = { ...(await testConfig()), temporalTls: true, temporalTlsCaFile: authority.caFile };
    const { certFile, keyFile } = authority.issue('frontend', [serverName, 'localhost']);
    const certificate = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    doors.tls = await listen(proxyTo(config.temporalAddress, certificate));
    doors.mtls = await listen(
      proxyTo(config.temporalAddress, { ...certificate, ca: readFileSync(authority.caFile), requestCert: true, rejectUnauthorized: true }),
    );
    doors.keyed = await listen(guardedByKey(certificate));
  });
  after(() => {
    for (const server of servers) server.close();
    for (const socket of sockets) socket.destroy();
  });

  async function listen(server: Server | Http2SecureServer): Promise<string> {
    servers.push(server);
    server.on('connection', (socket: Socket) => sockets.add(socket));
    await new Promise<void>((resolve) => {
      server.listen(0, resolve);
    });
    return `localhost:${(server.address() as AddressInfo).port}`;
  }

  const ways: { name: string; connects: (given: Config) => Promise<void> }[] = [
    {
      name: 'a client',
      async connects(given) {
        const client = await connectTemporal({ ...given, connectTimeoutMs: 4_000 });
        await client.workflowService.describeNamespace({ namespace: given.temporalNamespace });
        await client.connection.close();
      },
    },
    {
      name: "a worker's connection",
      async connects(given) {
        const connection = await connectNative(given);
        await connection.workflowService.describeNamespace({ namespace: given.temporalNamespace });
        await connection.close();
      },
    },
  ];

  const letIn: [string, () => Partial<Config>][] = [
    ['with its authority', () => ({ temporalAddress: doors.tls })],
    [
      'by the name that the certificate is for',
      () => ({ temporalAddress: doors.tls.replace('localhost', '127.0.0.1'), temporalTlsServerName: serverName }),
    ],
    ['with a client certificate', () => ({ temporalAddress: doors.mtls, ...clientCertificate() })],
    ['with an API key', () => ({ temporalAddress: doors.keyed, temporalApiKey: apiKey })],
  ];
  const keptOut: [string, () => Partial<Config>, FailureKind, RegExp][] = [
    [
      'without its authority',
      () => ({ temporalAddress: doors.tls, temporalTlsCaFile: undefined }),
      'configuration',
      /not trusted .* in TEMPORAL_TLS_CA_FILE/,
    ],
    [
      'by another name',
      () => ({ temporalAddress: doors.tls.replace('localhost', '127.0.0.1') }),
      'configuration',
      /certificate of Temporal is for another host \(IP: 127/,
    ],
    [
      'without TLS',
      () => ({ temporalAddress: doors.tls, temporalTls: false, temporalTlsCaFile: undefined }),
      'configuration',
      /speaks TLS: set TEMPORAL_TLS=true/,
    ],
    [
      'with TLS where there is none',
      () => ({}),
      'configuration',
      /does not speak TLS at this port: check TEMPORAL_ADDRESS and TEMPORAL_TLS/,
    ],
    [
      'without a client certificate',
      () => ({ temporalAddress: doors.mtls }),
      'denied',
      /client certificate .* check TEMPORAL_TLS_CERT_FILE and TEMPORAL_TLS_KEY_FILE/,
    ],
    [
      'with a wrong API key',
      () => ({ temporalAddress: doors.keyed, temporalApiKey: 'another' }),
      'denied',
      /does not let us in: check TEMPORAL_API_KEY/,
    ],
    ['where nobody listens', () => ({ temporalAddress: '127.0.0.1:1' }), 'unavailable', /cannot be reached: .* check TEMPORAL_ADDRESS/],
  ];
  for (const { name, connects } of ways) {
    for (const [how, given] of letIn) {
      test(`${name} gets in ${how}`, () => connects({ ...config, ...given() }));
    }
    for (const [how, given, kind, message] of keptOut) {
      test(`${name} ${how} is told what to check`, { timeout: 20_000 }, async () => {
        await assert.rejects(connects({ ...config, ...given() }), { name: 'Failure', kind, message });
      });
    }
  }

  const tctlSees = async (address: string, args: string[], environment: Record<string, string>): Promise<string> => {
    const { stdout, stderr } = await runCli('cli/tctl.ts', [...args, 'schedule', 'list'], {
      PATH: callerEnvironment()['PATH'],
      PINFLOW_HOME: config.home,
      [settings.temporalAddress.env]: address,
      ...environment,
    });
    return stdout + stderr;
  };
  const asSettings = { [settings.temporalTls.env]: 'true', [settings.temporalTlsCaFile.env]: authority.caFile };

  test('tctl takes the settings', async () => {
    assert.match(await tctlSees(doors.tls, [], asSettings), listed);
    assert.match(await tctlSees(doors.tls, [], { [settings.temporalTls.env]: 'true' }), /not trusted .* in TEMPORAL_TLS_CA_FILE/);
  });

  test('tctl takes its flags and their names in the environment instead', async () => {
    assert.match(await tctlSees(doors.tls, ['--tls_ca_path', authority.caFile], {}), listed);
    assert.match(await tctlSees(doors.tls, [], { TEMPORAL_CLI_TLS_CA: authority.caFile }), listed);
    const { temporalTlsCertFile = '', temporalTlsKeyFile = '' } = clientCertificate();
    const certificate = ['--tls_cert_path', temporalTlsCertFile, '--tls_key_path', temporalTlsKeyFile];
    assert.match(await tctlSees(doors.mtls, certificate, asSettings), listed);
  });
});

function clientCertificate(): Partial<Config> {
  const { certFile, keyFile } = authority.issue('a-client');
  return { temporalTlsCertFile: certFile, temporalTlsKeyFile: keyFile };
}

/** Ends TLS and passes the bytes on. */
function proxyTo(address: string, options: TlsOptions): Server {
  const [host = '', port] = address.split(':');
  return createServer({ ...options, ALPNProtocols: ['h2'] }, (outside) => {
    const inside = connect(Number(port), host);
    // What ends on one side ends on the other; an error is followed by `close`.
    for (const [one, other] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
    }
    outside.pipe(inside).pipe(outside);
  });
}

/** Answers every call with an empty message where the key is right, else as hosted ones do. */
function guardedByKey(certificate: TlsOptions): Http2SecureServer {
  const OK = '0';
  const UNAUTHENTICATED = '16';
  return createSecureServer(certificate, (request, response) => {
    const right = request.headers.authorization === `Bearer ${apiKey}`;
    response.writeHead(200, { 'content-type': 'application/grpc' });
    if (right) response.write(Buffer.alloc(5));
    response.addTrailers({ 'grpc-status': right ? OK : UNAUTHENTICATED });
    response.end();
  });
}
