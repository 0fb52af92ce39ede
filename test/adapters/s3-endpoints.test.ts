import assert from 'node:assert/strict';
import dns from 'node:dns';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, mock, test } from 'node:test';
import type { Config } from '#adapters/config.ts';
import { loadConfig } from '#adapters/config.ts';
import { askS3 } from '#adapters/s3-endpoint.ts';
import { makeS3 } from '#adapters/s3.ts';
import type { FailureKind } from '#domain/failures.ts';
import type { Child } from '#stack/child.ts';
import { startChild } from '#stack/child.ts';
import { findFreePorts } from '#stack/free-ports.ts';
import { projectFolder } from '#stack/project.ts';
import { assertPutIfAbsent } from '#stack/servers/s3-race.ts';
import { obtain } from '#stack/tools/obtain.ts';
import { runProgram } from '#stack/tools/run-program.ts';
import { versitygwTool } from '#stack/tools/versitygw-tool.ts';
import { makeAuthority } from '#test/support/certificates.ts';
import { makeObtaining } from '#test/support/own-server.ts';
import { waitFor } from '#test/support/servers.ts';
import { makeTestHome } from '#test/support/stack-home.ts';

const domain = 's3.test';
const region = 'eu-central-1';
const accessKeyId = 'pinflowtest';
const secretAccessKey = 'a-secret-of-the-test';

/** Names below `.test` are nobody's (RFC 6761), and few systems resolve `*.localhost`: this process finds them at home. */
function resolveDomainHere(): void {
  const lookup = dns.lookup as (host: string, ...rest: unknown[]) => void;
  mock.method(dns, 'lookup', (host: string, ...rest: unknown[]) => lookup(host.endsWith(domain) ? '127.0.0.1' : host, ...rest));
}

describe('endpoint styles of S3', () => {
  const home = makeTestHome();
  const authority = makeAuthority(home.at('certificates'), 's3-authority');
  const children: Child[] = [];
  const ports = { plain: 0, tls: 0, virtual: 0 };
  const base: Config = {
    ...loadConfig({}),
    s3Region: region,
    s3AccessKeyId: accessKeyId,
    s3SecretAccessKey: secretAccessKey,
    s3TlsCaFile: authority.caFile,
  };

  before(async () => {
    resolveDomainHere();
    const { path: binary } = await obtain(versitygwTool, makeObtaining());
    const { certFile, keyFile } = authority.issue('s3', [domain, `*.${domain}`, '127.0.0.1']);
    const tls = ['--cert', certFile, '--key', keyFile];
    const options = { plain: [], tls, virtual: [...tls, '--virtual-domain', domain] };
    [ports.plain = 0, ports.tls = 0, ports.virtual = 0] = await findFreePorts(3);
    const startOne = async (name: string, extra: string[]): Promise<void> => {
      const port = ports[name as keyof typeof ports];
      const [folder, metadata] = [home.at(`s3-${name}`), home.at(`metadata-${name}`)];
      for (const path of [folder, metadata]) mkdirSync(path);
      // Not every file system has extended attributes.
      const posix = ['posix', '--sidecar', metadata, folder];
      children.push(
        startChild(home, `s3-${name}`, {
          command: binary,
          args: ['--quiet', '--region', region, '--port', `127.0.0.1:${port}`, ...extra, ...posix],
          environment: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
        }),
      );
      await waitFor(() => isListening(port), { what: `S3 (${name})` });
    };
    await Promise.all(Object.entries(options).map(([name, extra]) => startOne(name, extra)));
  });
  after(async () => {
    mock.restoreAll();
    await Promise.all(children.map((child) => child.stop()));
    home.close();
  });

  const at = {
    plain: () => ({ s3Endpoint: `http://127.0.0.1:${ports.plain}`, s3TlsCaFile: undefined }),
    tls: () => ({ s3Endpoint: `https://127.0.0.1:${ports.tls}` }),
    virtual: () => ({ s3Endpoint: `https://${domain}:${ports.virtual}`, s3PathStyle: false }),
  };

  for (const [style, endpoint] of Object.entries(at)) {
    test(`objects come back (${style})`, async () => {
      const s3 = makeS3({ ...base, ...endpoint() }, 'a-bucket');
      try {
        await s3.ensureBucket();
        await s3.ensureBucket();
        assert.equal(await s3.putIfAbsent('dt=2026-01-01/a b', Buffer.from('first')), 'created');
        assert.equal(await s3.putIfAbsent('dt=2026-01-01/a b', Buffer.from('second')), 'exists');
        assert.equal(String(await s3.get('dt=2026-01-01/a b')), 'first');
        assert.deepEqual(
          (await s3.list('')).map(({ key, bytes }) => ({ key, bytes })),
          [{ key: 'dt=2026-01-01/a b', bytes: 5 }],
        );
        await s3.delete(['dt=2026-01-01/a b']);
        assert.equal(await s3.head('dt=2026-01-01/a b'), undefined);
      } finally {
        s3.close();
      }
    });

    test(`the stack can check the promise that only one writer creates (${style})`, async () => {
      const { s3Endpoint: url, s3TlsCaFile: tlsCaFile, s3PathStyle: pathStyle } = { ...base, ...endpoint() };
      await assertPutIfAbsent({ endpoint: url, region, accessKeyId, secretAccessKey, pathStyle, tlsCaFile });
    });

    test(`status gets an answer (${style})`, async () => {
      const given = { ...base, ...endpoint() };
      assert.ok((await askS3(given, new URL(given.s3Endpoint), { method: 'GET', timeoutMs: 2_000 })) >= 200);
    });
  }

  const keptOut: [string, () => Partial<Config>, FailureKind, RegExp][] = [
    [
      'an authority that nobody named',
      () => ({ ...at.tls(), s3TlsCaFile: undefined }),
      'configuration',
      /not trusted .* in S3_TLS_CA_FILE/,
    ],
    [
      'a name that the certificate is not for',
      () => ({ s3Endpoint: `https://localhost:${ports.tls}` }),
      'configuration',
      /for another host \(Host: localhost/,
    ],
    [
      'https where there is none',
      () => ({ s3Endpoint: `https://127.0.0.1:${ports.plain}` }),
      'configuration',
      /does not speak TLS at this port: check S3_ENDPOINT/,
    ],
    [
      'http where TLS is wanted',
      () => ({ s3Endpoint: `http://127.0.0.1:${ports.tls}`, s3TlsCaFile: undefined }),
      'timeout',
      /check whether S3_ENDPOINT is http or https/,
    ],
    ['a wrong secret', () => ({ ...at.plain(), s3SecretAccessKey: 'another' }), 'denied', /check S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY/],
    ['an unknown key', () => ({ ...at.plain(), s3AccessKeyId: 'nobody' }), 'denied', /check S3_ACCESS_KEY_ID/],
    ['another region', () => ({ ...at.plain(), s3Region: 'us-west-2' }), 'configuration', /check S3_REGION/],
    [
      'a bucket in the host name where it is wanted in the path',
      () => ({ s3Endpoint: `https://${domain}:${ports.tls}`, s3PathStyle: false }),
      'configuration',
      /S3_PATH_STYLE/,
    ],
  ];
  for (const [what, given, kind, message] of keptOut) {
    test(`${what} is a failure that says what to check`, async () => {
      const s3 = makeS3({ ...base, ...given() }, 'another-bucket');
      try {
        await assert.rejects(s3.ensureBucket(), { name: 'Failure', kind, message });
      } finally {
        s3.close();
      }
    });
  }

  test('without keys the default provider chain finds them, in a process of its own', async () => {
    const script = `
      import { makeS3 } from '#adapters/s3.ts';
      import { loadConfig } from '#adapters/config.ts';
      const s3 = makeS3(loadConfig(), 'a-third-bucket');
      await s3.ensureBucket();
      await s3.put('key', Buffer.from('bytes'));
      console.log('read', String(await s3.get('key')));
      s3.close();`;
    const output = await runProgram({
      command: process.execPath,
      args: ['--input-type=module', '--eval', script],
      environment: {
        PINFLOW_HOME: home.path,
        S3_ENDPOINT: at.tls().s3Endpoint,
        S3_REGION: region,
        S3_TLS_CA_FILE: authority.caFile,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      },
      cwd: projectFolder,
    });
    assert.match(output, /read bytes/);
  });
});

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      resolve(true);
      socket.destroy();
    });
    socket.on('error', () => resolve(false));
  });
}
