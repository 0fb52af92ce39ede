import { writeSync } from 'node:fs';
import type { ChildAnswer, ChildJob } from '#adapters/duckdb/child.ts';
import { progressDescriptor } from '#adapters/duckdb/child.ts';
import type { EngineProgress } from '#adapters/duckdb/child-watch.ts';
import type { Row } from '#adapters/duckdb/connection.ts';
import { openDuckdb } from '#adapters/duckdb/connection.ts';
import { Failure } from '#domain/failures.ts';

/**
 * The process that child.ts starts. In: one line of JSON on stdin, the job. Out: one line of JSON on stdout, the answer.
 * On a descriptor of its own a line whenever the engine's figures changed: a statement that stands still is silent.
 * When stdin ends the parent is gone, and so is this process, in the middle of whatever it does.
 */
const tellMs = 500;
let input = '';
let started = false;
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text: string) => {
  if (started) return;
  input += text;
  const end = input.indexOf('\n');
  if (end < 0) return;
  started = true;
  void run(JSON.parse(input.slice(0, end)) as ChildJob).then(answer);
});
// SIGKILL, because an orderly exit would wait for the engine's threads.
process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL'));

async function run({ settings, steps }: ChildJob): Promise<ChildAnswer> {
  try {
    const duckdb = await openDuckdb({ ...settings, progress: true });
    const rows: Row[][] = [];
    let said: EngineProgress = { step: 0, rows: 0, percent: 0 };
    const tell = (step: number): void => {
      const now = { step, ...duckdb.progress() };
      if (now.step === said.step && now.rows === said.rows && now.percent === said.percent) return;
      said = now;
      writeSync(progressDescriptor, `${JSON.stringify(said)}\n`);
    };
    let step = 0;
    setInterval(() => tell(step), tellMs).unref();
    for (const { sql, returnRows } of steps) {
      tell(++step);
      if (returnRows === true) rows.push(await duckdb.rows(sql));
      else await duckdb.run(sql);
    }
    return { rows };
  } catch (error) {
    if (error instanceof Failure) return { failure: { kind: error.kind, message: error.message } };
    // Of an unknown error only its beginning: the rest of its message may quote event data.
    if (!(error instanceof Error)) return { bug: 'unknown error' };
    return { bug: settings.showData === true ? (error.stack ?? error.message) : (error.message.split(':')[0] ?? error.name) };
  }
}

function answer(result: ChildAnswer): void {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}
