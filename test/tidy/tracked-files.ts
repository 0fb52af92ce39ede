import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Root of the checkout. */
export const root = join(import.meta.dirname, '..', '..');

// The checkout may belong to another user than the one that tests (root in a container): reading a list is harmless.
const listing = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
});

/** Paths of all files that are, or would be, committed; below the root, with slashes. */
export const trackedFiles: readonly string[] = listing
  .split('\0')
  .filter((path) => path !== '' && statSync(join(root, path), { throwIfNoEntry: false })?.isFile() === true)
  .toSorted();

/** Text of a file below the root. */
export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Tracked sources: what Node or a database runs. */
export const sources = trackedFiles.filter((path) => /\.(ts|tsx|mts|mjs|sql|sh)$/.test(path));

/** `path:line` of every line of the given files that `offends`. */
export function linesThat(paths: readonly string[], offends: (line: string, path: string) => boolean): string[] {
  return paths.flatMap((path) =>
    textOf(path)
      .split('\n')
      .flatMap((line, index) => (offends(line, path) ? [`${path}:${index + 1}  ${line.trim().slice(0, 120)}`] : [])),
  );
}

/** Fails with the reason of the rule, then the offenders. */
export function assertNone(offenders: readonly string[], reason: string): void {
  assert.ok(offenders.length === 0, `${reason}\n  ${offenders.join('\n  ')}`);
}
