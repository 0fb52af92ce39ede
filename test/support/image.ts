import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { settings } from '#adapters/settings/settings.ts';
import { makeTestFolder } from '#test/support/stack-home.ts';
import { root, textOf, trackedFiles } from '#test/tidy/tracked-files.ts';

/**
 * What the Dockerfile makes of this checkout, read from the Dockerfile itself. Understood are the instructions that stand
 * there: `COPY [--from=stage] source... destination` without patterns, `RUN a && b`, `ENV NAME=value ...`.
 */
export type Instruction = { name: string; text: string };
export type Copy = { sources: string[]; destination: string };

/** Instructions in order, stage by stage; each begins with its FROM. */
export const stages: readonly (readonly Instruction[])[] = textOf('Dockerfile')
  .split('\n')
  .filter((line) => !line.startsWith('#'))
  .join('\n')
  .replaceAll(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .reduce<Instruction[][]>((found, line) => {
    const [, name = '', text = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === 'FROM') found.push([]);
    found.at(-1)?.push({ name, text });
    return found;
  }, []);

/** What a stage takes from the checkout. */
export function copiesOf(stage: readonly Instruction[]): Copy[] {
  return stage.flatMap(({ name, text }) => {
    if (name !== 'COPY' || text.startsWith('--from=')) return [];
    const words = text.split(/\s+/);
    return [{ sources: words.slice(0, -1), destination: words.at(-1) ?? '' }];
  });
}

/** Lines of .dockerignore that say something. */
export const ignoreLines: readonly string[] = textOf('.dockerignore')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

export function isAtOrBelow(path: string, file: string): boolean {
  return file === path || file.startsWith(`${path}/`);
}

/** Whether the builder gets to see a file: of the lines of .dockerignore that speak of it, the last one decides. */
function isSent(file: string): boolean {
  return ignoreLines.reduce((sent, line) => {
    const path = line.replace(/^!/, '');
    return path === '*' || isAtOrBelow(path, file) ? line.startsWith('!') : sent;
  }, true);
}

/** Source and target of every file that a stage copies from the checkout. */
function copiedFiles(stage: readonly Instruction[]): [from: string, to: string][] {
  return copiesOf(stage).flatMap(({ sources, destination }) =>
    sources.flatMap((source) =>
      trackedFiles
        .filter((file) => isAtOrBelow(source, file) && isSent(file))
        .map((file): [string, string] => {
          if (file !== source) return [file, join(destination, relative(source, file))];
          return [file, destination.endsWith('/') ? join(destination, basename(file)) : destination];
        }),
    ),
  );
}

/**
 * Lays the image's working folder into an empty one: the files that the last stage copies, what it takes from the stage
 * of the page, which is built aside, the packages that production has (links to those of this checkout: what is developed
 * with is not among them), and what RUN does beside installing.
 */
export function layImage(folder: string): void {
  const last = stages.at(-1) ?? [];
  layFiles(folder, stageNamed('packages'));
  layFiles(folder, last);
  linkPackages(folder);
  runBesideInstall(folder, stageNamed('packages'));
  for (const { name, text } of last) {
    const [, source = '', destination = ''] = (name === 'COPY' && /^--from=page \/srv\/pinflow\/(\S+) (\S+)$/.exec(text)) || [];
    if (source !== '') cpSync(join(pageFolder(), source), join(folder, destination), { recursive: true });
  }
}

function stageNamed(name: string): readonly Instruction[] {
  const found = stages.find(([from]) => from?.text.endsWith(` AS ${name}`));
  if (found === undefined) throw new Error(`The Dockerfile has no stage ${name}.`);
  return found;
}

function layFiles(folder: string, stage: readonly Instruction[]): void {
  for (const [from, to] of copiedFiles(stage)) {
    mkdirSync(dirname(join(folder, to)), { recursive: true });
    cpSync(join(root, from), join(folder, to));
  }
}

/** Where the stage of the page has run. Its packages are all that there are. */
function pageFolder(): string {
  const folder = makeTestFolder();
  layFiles(folder, stageNamed('page'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  runBesideInstall(folder, stageNamed('page'));
  return folder;
}

function linkPackages(folder: string): void {
  const { packages } = JSON.parse(textOf('package-lock.json')) as { packages: Record<string, { dev?: boolean }> };
  for (const [path, { dev }] of Object.entries(packages)) {
    if (!/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) || dev === true || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(join(root, path), join(folder, path));
  }
  mkdirSync(join(folder, 'node_modules', '.bin'));
}

function runBesideInstall(folder: string, stage: readonly Instruction[]): void {
  const commands = stage.filter(({ name }) => name === 'RUN').flatMap(({ text }) => text.split(' && '));
  for (const command of commands.filter((text) => !text.startsWith('npm install '))) {
    const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`RUN ${command}: ${stderr}`);
  }
}

/** The image's ENV over `environment`, which chooses the home, for processes in `folder`; Node is this process's. */
export function imageEnvironment(folder: string, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const given: Record<string, string> = { PATH: `${dirname(process.execPath)}${delimiter}${environment['PATH']}` };
  const last = stages.at(-1) ?? [];
  const workFolder = last.find(({ name }) => name === 'WORKDIR')?.text ?? '/';
  for (const { text } of last.filter(({ name }) => name === 'ENV'))
    for (const [, name = '', quoted, bare = ''] of text.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g))
      given[name] = (quoted ?? bare).replaceAll(workFolder, folder).replaceAll('$PATH', given['PATH'] ?? '');
  return { ...environment, ...given, [settings.home.env]: environment[settings.home.env] };
}
