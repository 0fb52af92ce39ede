import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '#domain/failures.ts';
import { findOnPath } from '#stack/tools/find-on-path.ts';
import type { Obtaining } from '#stack/tools/obtain.ts';
import { obtain } from '#stack/tools/obtain.ts';
import { runProgram } from '#stack/tools/run-program.ts';

/**
 * The Python of a peer's own virtual environment with the packages of a requirements file, made in the cache when it is
 * not there. Clones and runs share it; another Python or another list of packages is another environment.
 * @throws Failure where Python is missing or the packages cannot be installed.
 */
export async function obtainPython(name: string, requirementsFile: URL, obtaining: Obtaining): Promise<string> {
  const { environment, signal } = obtaining;
  const python = findOnPath('python3', environment);
  if (python === undefined) throw new Failure('configuration', 'python3 is not on the PATH: install Python 3.10 or newer.');
  const identity = await runProgram({
    command: python,
    args: ['-c', 'import sys; print(sys.version, sys.base_prefix)'],
    environment,
    signal,
  });
  const requirements = fileURLToPath(requirementsFile);
  const hash = createHash('sha256').update(identity).update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const { path } = await obtain(
    {
      name: `bench-${name}`,
      version: hash,
      title: `the Python environment of ${name}`,
      // The commands beside it name the folder they were made in, which is another by then; the interpreter does not.
      product: join('bin', 'python'),
      async build(folder) {
        const run = (command: string, ...args: string[]): Promise<string> => runProgram({ command, args, environment, signal });
        await run(python, '-m', 'venv', folder);
        await run(join(folder, 'bin', 'python'), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements);
      },
    },
    obtaining,
  );
  return path;
}
