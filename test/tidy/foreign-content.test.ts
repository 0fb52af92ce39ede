import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertNone, linesThat, root, textOf, trackedFiles } from './tracked-files.ts';

const bytesMax = 200_000;
const lockFile = 'package-lock.json';
/** Recorded by Temporal, with its payloads in base64. */
const histories = /^test\/.*histories\//;
const texts = trackedFiles.filter((path) => path !== lockFile && !/\.(png|ico|zst|parquet|gz)$/.test(path));

test('no path of somebody’s machine', () => {
  const offenders = linesThat(texts, (line) => /(?<![\w.}~-])(\/(root|home|work|Users)\/[\w.-]|[A-Z]:\\Users\\)/.test(line));
  assertNone(offenders, 'Paths of one machine are wrong on every other:');
});

test('no secrets', () => {
  const secrets = [
    /\bA(KIA|SIA)[0-9A-Z]{16}\b/, // AWS access keys
    /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
    /\b(ghp|gho|ghs|github_pat|npm|xox[abp])_[A-Za-z0-9_]{20,}/,
    /\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\./, // signed web tokens
  ];
  assertNone(
    linesThat(texts, (line) => secrets.some((secret) => secret.test(line))),
    'What looks like a credential is one, until it is revoked:',
  );
});

test('no real rows and no other project’s resources', () => {
  const foreign = [
    /\bi\.pinimg\.com\b/, // image addresses of real pins
    /\bpinterest-data-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/, // a bucket that somebody has
    /\b[a-z0-9-]+\.(rds|s3|execute-api)[a-z0-9.-]*\.amazonaws\.com\b/,
  ];
  assertNone(
    linesThat(texts, (line) => foreign.some((pattern) => pattern.test(line))),
    'Test data is synthetic; real rows are other people’s content, and real resources other people’s property:',
  );
});

test('no embedded binaries', () => {
  const encoded = linesThat(
    texts.filter((path) => !histories.test(path)),
    (line) => /[A-Za-z0-9+/]{400,}={0,2}/.test(line),
  );
  assertNone(encoded, 'A long run of base64 cannot be reviewed; generate it where it is needed:');
  const large = trackedFiles.filter((path) => path !== lockFile && !histories.test(path) && statSync(join(root, path)).size > bytesMax);
  assertNone(large, `A file of more than ${bytesMax} bytes is data, not source; generate it where it is needed:`);
});

test('the lock file names no registry', () => {
  const { packages } = JSON.parse(textOf(lockFile)) as { packages: Record<string, { resolved?: string; integrity?: string }> };
  const resolved = Object.entries(packages).flatMap(([name, entry]) => (entry.resolved === undefined ? [] : [name]));
  assertNone(resolved, 'With a host in it the lock file works in one network only; .npmrc leaves it out (npm 11):');
  const unsealed = Object.entries(packages).flatMap(([name, entry]) => (name !== '' && entry.integrity === undefined ? [name] : []));
  assertNone(unsealed, 'Without its hash a package may be anything:');
  assert.match(textOf('.npmrc'), /^omit-lockfile-registry-resolved=true$/m);
});
