import { findOnPath } from './find-on-path.ts';
import { goBuild } from './go-build.ts';
import type { Tool } from './obtain.ts';

/** The S3 server: versitygw over a plain folder. Which one is on the PATH does not matter: it must win the race check. */
export const versitygwTool: Tool = {
  name: 'versitygw',
  version: '1.8.0',
  title: 'the S3 server (versitygw)',
  product: 'versitygw',
  findInstalled: (environment) => Promise.resolve(findOnPath('versitygw', environment)),
  build: (folder, environment, signal) =>
    goBuild('github.com/versity/versitygw/cmd/versitygw@v1.8.0', 'the S3 server', folder, environment, signal),
};
