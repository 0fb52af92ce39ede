import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copiesOf, ignoreLines, isAtOrBelow, stages } from '#test/support/image.ts';
import { assertNone, textOf, trackedFiles } from './tracked-files.ts';

/** The Dockerfile against the tree; that what it copies starts is in test/deploy/image.test.ts. */
const dockerfile = textOf('Dockerfile');
const copied = stages.flatMap(copiesOf).flatMap(({ sources }) => sources);
const isInTree = (path: string): boolean => trackedFiles.some((file) => isAtOrBelow(path, file));

test('what the Dockerfile copies is there', () => {
  assert.ok(copied.length > 0, 'The Dockerfile copies something from the tree.');
  assertNone(
    copied.filter((path) => !isInTree(path)),
    'The build ends at a COPY whose source is not in the tree (git ls-files):',
  );
});

test('.dockerignore lets through what the Dockerfile copies, and nothing else', () => {
  assert.equal(ignoreLines[0], '*', 'Everything is left out but what the lines below let through.');
  const through = ignoreLines.slice(1).map((line) => line.replace(/^!/, ''));
  assertNone(
    ignoreLines.slice(1).filter((line) => !/^![\w./-]+$/.test(line)),
    'Each line lets a file or folder through, without patterns, so that this test understands it:',
  );
  assertNone(
    through.filter((path) => !isInTree(path)),
    'A line of .dockerignore that names nothing in the tree was forgotten when the file went:',
  );
  assert.deepEqual(through.toSorted(), [...new Set(copied)].toSorted(), 'The lines of .dockerignore are the sources of COPY.');
});

test('the image holds what the processes import', () => {
  const { imports, bin } = JSON.parse(textOf('package.json')) as { imports: Record<string, string>; bin: Record<string, string> };
  const needed = Object.keys(imports)
    .map((name) => name.slice(1, -2))
    .filter((folder) => !['stack', 'bench', 'test'].includes(folder));
  const folders = copied.filter((path) => !trackedFiles.includes(path));
  assert.deepEqual(
    folders.toSorted(),
    needed.toSorted(),
    'The Dockerfile copies every folder of package.json imports but stack/, bench/ and test/.',
  );
  const linked = [...dockerfile.matchAll(/ln -s \.\.\/\.\.\/(\S+) node_modules\/\.bin\/(\S+)/g)].map(([, file, name]) => [name, file]);
  assert.deepEqual(Object.fromEntries(linked), bin, 'The Dockerfile links every command of package.json.');
});

test('the image runs without rights and without a shell', () => {
  assert.match(dockerfile, /^USER node$/m, 'The processes need no rights.');
  assert.match(dockerfile, /^CMD \[/m, 'Without a shell in between the process gets SIGTERM itself.');
});
