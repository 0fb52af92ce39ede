import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';

/** Where this process keeps compiled code, for the environment of a child that gets nothing else of ours: it holds no secret. */
export function compileCacheEnvironment(): NodeJS.ProcessEnv {
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}
