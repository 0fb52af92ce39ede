import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { generateHttpReference } from '../../deploy/generate-http-reference.ts';
import { generateFiles } from '../../deploy/generate-settings.ts';
import { kinds } from '#domain/kinds/list.ts';
import { assertNone, root, textOf, trackedFiles } from './tracked-files.ts';

const documents = trackedFiles.filter((path) => path.endsWith('.md'));
const { scripts, bin } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string>; bin: Record<string, string> };

test('generated documents are up to date', () => {
  for (const [path, text] of Object.entries({ ...generateFiles(), ...generateHttpReference() })) {
    assert.ok(
      existsSync(join(root, path)) && textOf(path) === text,
      `${path} does not show the code as it is now: run \`npm run generate\`.`,
    );
  }
});

test('relative links lead somewhere', () => {
  const offenders = documents.flatMap((path) =>
    [...withoutCode(textOf(path)).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
      if (/^[a-z]+:/.test(target)) return [];
      const [file = '', anchor] = target.split('#');
      const at = file === '' ? path : join(dirname(path), decodeURIComponent(file));
      if (!existsSync(join(root, at))) return [`${path}: ${target}`];
      return anchor === undefined || !at.endsWith('.md') || anchorsOf(textOf(at)).includes(anchor)
        ? []
        : [`${path}: ${target} (no such heading)`];
    }),
  );
  assertNone(offenders, 'A link that leads nowhere says that nobody reads the page:');
});

test('tests that documents name exist', () => {
  const offenders = documents.flatMap((path) =>
    [...textOf(path).matchAll(/`(test\/[\w/-]+(?:\.test\.ts|\/))`/g)].flatMap(([, named = '']) =>
      existsSync(join(root, named)) ? [] : [`${path}: ${named}`],
    ),
  );
  assertNone(offenders, 'A promise that names a test which is not there is held by nothing:');
});

test('what a change touches is there', () => {
  const table = textOf('CONTRIBUTING.md').split('## What does a change touch?')[1]!.split('\n## ')[0]!;
  const paths = [...table.matchAll(/`([a-z][\w./<>-]*\/[\w./<>-]*)`/g)].map(([, path = '']) => path);
  assert.ok(paths.length > 15, paths.join(', '));
  const named = paths.flatMap((path) => (path.includes('<kind>') ? kinds.map((kind) => path.replace('<kind>', kind)) : [path]));
  assertNone(
    named.filter((path) => !existsSync(join(root, path))),
    'The table of CONTRIBUTING.md sends people to files that are not there:',
  );
});

test('commands in documents exist', () => {
  const tools = ['oxfmt', 'knip', 'tsc'];
  const npm = new Set(['start', 'test', 'ci', 'install', ...Object.keys(scripts)]);
  const offenders = documents
    .filter((path) => path !== 'CHANGELOG.md')
    .flatMap((path) =>
      codeOf(textOf(path)).flatMap((code) => {
        const unknownScripts = [...code.matchAll(/\bnpm (?:run )?([a-z][a-z:-]*)/g)].filter(
          ([, name = '']) => !npm.has(name) && name !== 'run',
        );
        const unknownCommands = [...code.matchAll(/\bnpx ([a-z][a-z-]*)/g)].filter(
          ([, name = '']) => !(name in bin) && !tools.includes(name),
        );
        return [...unknownScripts, ...unknownCommands].map(([command]) => `${path}: ${command}`);
      }),
    );
  assertNone(offenders, 'What a page tells people to type is a script or a command of package.json:');
});

test('subcommands in documents exist', () => {
  const commands = trackedFiles
    .filter((path) => /^cli\/.*\.ts$/.test(path))
    .map(textOf)
    .join('\n');
  const offenders = documents.flatMap((path) =>
    codeOf(textOf(path)).flatMap((code) =>
      [...code.matchAll(/\bnpx (?:pinflow|tctl) ([a-z]+)/g)]
        .filter(([, noun]) => !new RegExp(`['"\`]${noun}\\b`).test(commands))
        .map(([command]) => `${path}: ${command}`),
    ),
  );
  assertNone(offenders, 'What a page tells people to type is a command of cli/:');
});

test('commands of package.json are there', () => {
  assertNone(
    Object.values(bin).filter((path) => !trackedFiles.includes(path)),
    'npm links these commands; without the file `npx` fails:',
  );
});

/** Code spans, and lines of fenced blocks. */
function codeOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```[^\n]*\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
  const indented = text.split('\n').filter((line) => line.startsWith('    '));
  return [...blocks, ...indented, ...[...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)];
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]+`/g, '');
}

/** Anchors as the usual renderers make them of headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  );
}
