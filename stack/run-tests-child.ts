import { relative, resolve } from 'node:path';
import process from 'node:process';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { nodeFlags } from './node-process.ts';

/**
 * The process that runs the test files of its arguments with Node's runner, each in a process of its own, begun in the
 * order given; `node --test` would sort them by name. Reports to stdout, the slowest files to stderr.
 */
/** More than cores: many files wait for servers most of the time. */
const CONCURRENCY = 3;
/** A test that hangs fails after this long, so that a run always ends. */
const TIMEOUT_MS = 240_000;
const SHOWN = 10;
const preloaded = ['end-children.mjs', 'mend-test-runner.mjs'].map((name) => new URL(name, import.meta.url).href);

const files = process.argv.slice(2);
const took: { file: string; seconds: number }[] = [];
// Until the run's own summary says otherwise: a runner that is cut short has not passed.
process.exitCode = 1;

run({
  files,
  concurrency: CONCURRENCY,
  timeout: TIMEOUT_MS,
  // A file whose test or hook failed may hold a socket or a child for ever; it ends when its tests have.
  forceExit: true,
  execArgv: [...nodeFlags, ...preloaded.flatMap((url) => ['--import', url])],
})
  .on('test:summary', ({ file, duration_ms: milliseconds, success }) => {
    if (file !== undefined) {
      took.push({ file, seconds: milliseconds / 1_000 });
      return;
    }
    // The last summary is the run's own.
    const unreported = files.filter((name) => !took.some((one) => one.file === resolve(name)));
    process.exitCode = success && unreported.length === 0 ? 0 : 1;
    // What tests it had nobody knows, though its process may have ended well.
    for (const name of unreported) process.stderr.write(`The report of ${name} does not come to its end: the run has not passed.\n`);
    if (files.length > SHOWN) process.stderr.write(slowest());
  })
  .compose(spec)
  .pipe(process.stdout);

/** So that whoever adds tests sees where the time goes. */
function slowest(): string {
  const lines = took
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, SHOWN)
    .map(({ file, seconds }) => `${seconds.toFixed(1).padStart(8)}  ${relative(process.cwd(), file)}\n`);
  return `The slowest ${SHOWN} of ${took.length} files, in seconds without their start:\n${lines.join('')}`;
}
