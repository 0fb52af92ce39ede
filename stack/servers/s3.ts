import { mkdirSync } from 'node:fs';
import type { Command } from '../child.ts';
import type { Home, Keys } from '../home.ts';
import { onceInHome } from '../home.ts';
import type { Ports } from '../ports.ts';
import { assertPutIfAbsent } from './s3-race.ts';
import type { Server } from './server.ts';

const HEALTH_MS = 1_000;

/** The S3 server over a plain folder in the home. */
export function makeS3(home: Home, ports: Ports, keys: Keys, binary: string, callerEnvironment: NodeJS.ProcessEnv): Server {
  const endpoint = `http://127.0.0.1:${ports.s3}`;
  const command = (...options: string[]): Command => ({
    command: binary,
    args: ['--quiet', '--health', '/health', '--port', `127.0.0.1:${ports.s3}`, 'posix', ...options, home.at('s3')],
    environment: { ...callerEnvironment, ROOT_ACCESS_KEY: keys.s3AccessKeyId, ROOT_SECRET_KEY: keys.s3SecretAccessKey },
  });
  return {
    name: 's3',
    title: 'S3 (versitygw)',
    async prepare() {
      mkdirSync(home.at('s3'), { recursive: true });
    },
    command: command(),
    async isReady() {
      try {
        return (await fetch(`${endpoint}/health`, { signal: AbortSignal.timeout(HEALTH_MS) })).ok;
      } catch {
        // Not listening yet, or too busy to answer: ask again.
        return false;
      }
    },
    // Where the file system has no extended attributes, what S3 knows about an object goes into files beside it.
    insteadOf(lastWords) {
      if (!lastWords.includes('xattrs are not supported')) return undefined;
      mkdirSync(home.at('s3-metadata'), { recursive: true });
      return command('--sidecar', home.at('s3-metadata'));
    },
    settle: () =>
      onceInHome(home, `s3-put-if-absent-${endpoint}`, () =>
        assertPutIfAbsent({ endpoint, region: 'us-east-1', accessKeyId: keys.s3AccessKeyId, secretAccessKey: keys.s3SecretAccessKey }),
      ),
  };
}
