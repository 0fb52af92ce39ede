import { chownSync, existsSync, mkdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Home, Keys } from '../home.ts';
import type { Ports } from '../ports.ts';
import type { Program } from '../tools/run-program.ts';
import { runProgram } from '../tools/run-program.ts';
import type { Identity } from './postgres-identity.ts';
import { giveTo } from './postgres-identity.ts';
import { postgresIsReady } from './postgres-probe.ts';
import type { Server } from './server.ts';

/** Databases of a fresh home. */
export const postgresDatabases = { main: 'pinterest_streaming', source: 'pinterest_data' } as const;
export const postgresUser = 'postgres';

const flags: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  // No socket files: several servers side by side, and no clash in the temp folder.
  unix_socket_directories: '',
  shared_buffers: '128MB',
  max_connections: '60',
  synchronous_commit: 'on',
  fsync: 'on',
  max_wal_size: '1GB',
  log_min_messages: 'warning',
};

/** Postgres from the npm package's binaries, with its cluster in the home; `extraFlags` are server settings that win over ours. */
export function makePostgresServer(
  home: Home,
  ports: Pick<Ports, 'postgres'>,
  keys: Pick<Keys, 'postgresPassword'>,
  folder: string,
  identity: Identity,
  environment: NodeJS.ProcessEnv,
  extraFlags: Readonly<Record<string, string>> = {},
): Server {
  const data = home.at('postgres');
  const program = (name: string, args: readonly string[]): Program => {
    const [command = '', ...rest] = [...identity.prefix, join(folder, 'bin', name), ...args];
    // Whatever the caller's locale is, messages are English and the cluster is UTF-8 (flags of initdb).
    return {
      command,
      args: rest,
      environment: { ...environment, LC_ALL: 'C', LANG: 'C' },
      cwd: '/',
      ...(identity.user === undefined ? {} : { user: identity.user }),
    };
  };
  return {
    name: 'postgres',
    title: 'Postgres',
    async prepare(signal) {
      if (existsSync(data)) return giveTo(data, identity);
      // Made aside and renamed: an interrupted start leaves no half cluster.
      const aside = home.at('postgres.new');
      const passwordFile = home.at('config', 'postgres-password');
      rmSync(aside, { recursive: true, force: true });
      mkdirSync(aside, { mode: 0o700 });
      writeFileSync(passwordFile, keys.postgresPassword, { mode: 0o600 });
      for (const path of [aside, passwordFile]) chownSync(path, identity.owner.uid, identity.owner.gid);
      try {
        await runProgram({
          ...program('initdb', [
            '-D',
            aside,
            `--username=${postgresUser}`,
            `--pwfile=${passwordFile}`,
            '--auth=scram-sha-256',
            '--encoding=UTF8',
            '--locale-provider=builtin',
            '--locale=C.UTF-8',
            '--no-sync',
          ]),
          signal,
        });
      } finally {
        unlinkSync(passwordFile);
      }
      // Single-user mode creates the databases without a client and before anyone can connect.
      const input = Object.values(postgresDatabases)
        .map((name) => `CREATE DATABASE ${name};\n`)
        .join('');
      await runProgram({ ...program('postgres', ['--single', '-D', aside, 'postgres']), input, signal });
      renameSync(aside, data);
    },
    command: {
      ...program('postgres', [
        '-D',
        data,
        '-p',
        String(ports.postgres),
        ...Object.entries({ ...flags, ...extraFlags }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ]),
      // Fast shutdown: SIGTERM would wait for the clients to leave.
      stopSignal: 'SIGINT',
    },
    isReady: () => postgresIsReady('127.0.0.1', ports.postgres, postgresDatabases.main),
  };
}
