import { findOnPath } from './find-on-path.ts';
import { goBuild } from './go-build.ts';
import type { Tool } from './obtain.ts';
import { runProgram } from './run-program.ts';

const SERVER_VERSION = '1.29.1';

/**
 * The Temporal server with its Web UI and CLI, one binary. 1.5.1 is the last version that can be built from the module
 * proxy; one on the PATH must hold the same server (its own version says nothing when it was built from source).
 */
export const temporalTool: Tool = {
  name: 'temporal',
  version: '1.5.1',
  title: 'the Temporal server',
  product: 'temporal',
  async findInstalled(environment) {
    const binary = findOnPath('temporal', environment);
    if (binary === undefined) return undefined;
    const version = await runProgram({ command: binary, args: ['--version'], environment });
    return version.includes(`Server ${SERVER_VERSION},`) || version.includes(`Server ${SERVER_VERSION})`) ? binary : undefined;
  },
  build: (folder, environment, signal) =>
    goBuild('github.com/temporalio/cli/cmd/temporal@v1.5.1', 'the Temporal server', folder, environment, signal),
};
