import { relative } from 'node:path';
import process from 'node:process';

const shown = 10;

/** A reporter of Node's test runner: names the files that took longest, so that whoever adds tests sees where the time goes. */
export default async function* slowestFiles(events) {
  const files = [];
  for await (const { type, data } of events) {
    if (type !== 'test:summary') continue;
    if (data.file !== undefined) files.push({ file: data.file, seconds: data.duration_ms / 1_000 });
    // The last summary is the run's own. After it a runner that is told to exit waits for nobody.
    else if (files.length > shown) yield tableOf(files);
  }
}

function tableOf(files) {
  const lines = files
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, shown)
    .map(({ file, seconds }) => `${seconds.toFixed(1).padStart(8)}  ${relative(process.cwd(), file)}\n`);
  return `The slowest ${shown} of ${files.length} files, in seconds without their start:\n${lines.join('')}`;
}
