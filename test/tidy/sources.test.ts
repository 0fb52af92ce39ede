import { test } from 'node:test';
import { assertNone, linesThat, sources, textOf } from './tracked-files.ts';

const scripts = sources.filter((path) => /\.(ts|mts|mjs)$/.test(path));
const linesMax = 300;
/** Longer files, each with its reason. */
const longFiles: Record<string, string> = {
  'workers/migrations/0001-pipeline.sql': 'the tables of the first version; a migration is never edited, so never split',
};

test('one file reads the environment', () => {
  // The bootstrap and the entries of cli/ run before TypeScript does.
  const allowed = /^(adapters\/config\.ts|stack\/[^/]+\.mjs|cli\/[^/]+\.mjs|test\/tidy\/sources\.test\.ts)$/;
  const offenders = linesThat(
    scripts.filter((path) => !allowed.test(path)),
    (line) => /\bprocess\.env\b/.test(line) && !isComment(line),
  );
  assertNone(
    offenders,
    'adapters/config.ts alone reads process.env: settings are typed, checked and documented in one place. Take what you need from Config:',
  );
});

test('domain/ has no clock', () => {
  const offenders = linesThat(
    scripts.filter((path) => path.startsWith('domain/')),
    (line) => /\bnew Date\(\)|\bDate\(\)/.test(line) && !isComment(line),
  );
  assertNone(offenders, 'domain/ gives the same answer for the same arguments; take the time as one:');
});

test('packages are imported where the checks can see them', () => {
  const offenders = linesThat(
    scripts.filter((path) => !path.startsWith('test/tidy/')),
    (line) => /\brequire\(|\bcreateRequire\([^)]*\)\(/.test(line) && !isComment(line),
  );
  assertNone(offenders, 'require() hides an import from the layer rules and from knip; use import:');
});

test('a rule that is switched off says why', () => {
  const offenders = linesThat(scripts, (line) => {
    const [, rest] = /(?:oxlint-disable|eslint-disable|@ts-expect-error|oxfmt-ignore)(.*)/.exec(line) ?? [];
    return rest !== undefined && !/(--|:) .{10,}|^ [a-z].{10,}/.test(rest) && !/test\/tidy/.test(line) && isComment(line);
  });
  assertNone(offenders, 'The next reader must know whether the exception still holds; write `-- reason` behind it:');
});

test('files are short', () => {
  const isLong = (path: string): boolean => textOf(path).trimEnd().split('\n').length > linesMax;
  const offenders = sources.filter((path) => !(path in longFiles) && isLong(path));
  assertNone(
    offenders,
    `A file of more than ${linesMax} lines holds several things; split it, or give the reason in test/tidy/sources.test.ts:`,
  );
  assertNone(
    Object.keys(longFiles).filter((path) => !sources.includes(path) || !isLong(path)),
    'Listed as long, but short or gone:',
  );
});

test('SQL of domain/ names no place and has a header', () => {
  const queries = sources.filter((path) => path.startsWith('domain/') && path.endsWith('.sql'));
  const offenders = linesThat(
    queries,
    (line) => /\bs3:\/\/|'[^']*\.(parquet|ndjson)|\bpinterest\.(pin|geo|user)\b/i.test(line) && !isComment(line),
  );
  assertNone(offenders, 'SQL of domain/ is over relations with fixed names; paths, buckets and topics come from outside:');
  assertNone(
    queries.filter((path) => !textOf(path).startsWith('--')),
    'A query says in its header what goes in and what comes out:',
  );
});

function isComment(line: string): boolean {
  return /^\s*(\/\/|\/?\*|--|#)/.test(line);
}
