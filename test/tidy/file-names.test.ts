import { dirname } from 'node:path';
import { test } from 'node:test';
import { assertNone, textOf, trackedFiles } from './tracked-files.ts';

/** Names by convention of the tools and people that look for them. */
const conventional = new Set(['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'Dockerfile']);
const kebabCase = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
const sayNothing = /(^|-)(utils?|common|misc|managers?|helpers?)(-|\.|$)/;

test('file and folder names are kebab-case', () => {
  const offenders = trackedFiles.filter((path) => path.split('/').some((part) => !conventional.has(part) && !kebabCase.test(part)));
  assertNone(offenders, 'Names are kebab-case, so that nobody has to remember how a name is written:');
});

test('no file is named after nothing in particular', () => {
  const offenders = trackedFiles.filter((path) => path.split('/').some((part) => sayNothing.test(part)));
  assertNone(offenders, 'A file is named by what it does or holds; utils, common, misc, manager and helpers say neither:');
});

test('the runner finds every test file', () => {
  const offenders = trackedFiles.filter((path) => {
    if (!path.endsWith('.ts') && !path.endsWith('.mjs')) return false;
    const isFound = path.startsWith('test/') && path.endsWith('.test.ts');
    const looksLikeTest = /\.(test|spec)\./.test(path) || /^(test|it|describe)\(/m.test(textOf(path));
    return looksLikeTest && !isFound;
  });
  assertNone(offenders, 'The runner runs test/**/*.test.ts; a test elsewhere passes by never running:');
});

test('folders of tests mirror the folders of the tree', () => {
  const folders = new Set(trackedFiles.map(dirname));
  const beside = new Set(['e2e', 'fuzz', 'tidy', 'support']);
  const offenders = trackedFiles.filter((path) => {
    const [top, below = ''] = path.split('/');
    return top === 'test' && path.endsWith('.test.ts') && !beside.has(below) && !folders.has(dirname(path).slice('test/'.length));
  });
  assertNone(offenders, 'The tests of a/b/ are in test/a/b/, where a stranger looks for them:');
});

test('migrations are numbered without holes', () => {
  const migrations = trackedFiles.filter((path) => path.includes('/migrations/')).map((path) => path.split('/').at(-1) ?? '');
  const offenders = migrations.filter(
    (name, index) => !name.startsWith(`${String(index + 1).padStart(4, '0')}-`) || !name.endsWith('.sql'),
  );
  assertNone(offenders, 'Migrations run in order and once: NNNN-what.sql from 0001, each number once:');
});
