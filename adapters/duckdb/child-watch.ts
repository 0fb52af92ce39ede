import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/** What the child says about the statement that it runs, whenever one of these changed: the engine's own figures. */
export type EngineProgress = { step: number; rows: number; percent: number };

/** How far a job is. Rows are those of the statement's current phase; all else is of the process so far. */
export type ChildProgress = EngineProgress & {
  steps: number;
  bytesRead: number;
  bytesWritten: number;
  /** Memory that the process holds: what a sort or an aggregation gathers before it reads or writes again. */
  bytesHeld: number;
};

export type Watch = {
  /** Ends the looking. */
  stop(): void;
};

type WatchOptions = {
  pid: number;
  steps: number;
  /** Lines of EngineProgress. */
  said: Readable;
  /** How long all figures may stay as they are; undefined: for ever. */
  stallMs: number | undefined;
  onProgress: ((progress: ChildProgress) => void) | undefined;
  onStall: (progress: ChildProgress) => void;
};

const lookMsMax = 1_000;
/** A process that does nothing still turns over a few bytes, and pages of its heap. */
const bytesNoise = 4_096;
const heldNoise = 4 * 1_048_576;

/**
 * Watches a child for signs that its work moves: rows as its engine counts them, bytes read and written and memory taken as
 * the system counts them (Linux; elsewhere the engine's word alone). That it lives, or burns time, is none.
 */
export function watchChild({ pid, steps, said, stallMs, onProgress, onStall }: WatchOptions): Watch {
  let now: ChildProgress = { step: 0, steps, rows: 0, percent: 0, bytesRead: 0, bytesWritten: 0, bytesHeld: 0 };
  let moved = now;
  let stillMs = 0;
  let lookedAt = performance.now();
  let looking = false;
  const everyMs = Math.min(lookMsMax, (stallMs ?? Infinity) / 4);

  readLines(said, (line) => {
    now = { ...now, ...(JSON.parse(line) as EngineProgress) };
  });

  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    now = { ...now, ...(await readFigures(pid)) };
    looking = false;
    const at = performance.now();
    // This process may have stood still itself, with the child: such a gap proves nothing against it.
    stillMs += Math.min(at - lookedAt, 2 * everyMs);
    lookedAt = at;
    if (hasMoved(moved, now)) {
      moved = now;
      stillMs = 0;
      onProgress?.(now);
    } else if (stallMs !== undefined && stillMs >= stallMs) onStall(now);
  };
  const timer = setInterval(() => void look(), everyMs);
  return { stop: () => clearInterval(timer) };
}

function hasMoved(before: ChildProgress, after: ChildProgress): boolean {
  return (
    after.step !== before.step ||
    after.rows !== before.rows ||
    after.percent !== before.percent ||
    after.bytesRead - before.bytesRead >= bytesNoise ||
    after.bytesWritten - before.bytesWritten >= bytesNoise ||
    Math.abs(after.bytesHeld - before.bytesHeld) >= heldNoise
  );
}

/** What Linux counts about a process; nothing where it is gone, or the system has no such files. */
async function readFigures(pid: number): Promise<Partial<ChildProgress>> {
  try {
    const [io, status] = await Promise.all([readFile(`/proc/${pid}/io`, 'latin1'), readFile(`/proc/${pid}/status`, 'latin1')]);
    return {
      bytesRead: Number(/^rchar: (\d+)$/m.exec(io)?.[1]),
      bytesWritten: Number(/^wchar: (\d+)$/m.exec(io)?.[1]),
      bytesHeld: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024,
    };
  } catch {
    return {};
  }
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  // A child that is killed may break the pipe.
  stream.on('error', () => undefined);
}
