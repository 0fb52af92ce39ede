import { runProgram } from './run-program.ts';
import { requireGo } from './toolchain.ts';

/** Builds a Go command into a folder. Go's own caches make an interrupted build go on where it stopped. */
export async function goBuild(
  module: string,
  title: string,
  folder: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  const go = await requireGo(environment, title);
  await runProgram({
    command: go,
    args: ['install', '-trimpath', module],
    environment: { ...environment, GOBIN: folder },
    cwd: folder,
    signal,
  });
}
