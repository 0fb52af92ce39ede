import { readFileSync, readdirSync } from 'node:fs';

/** The DuckDB process of `parent`. */
export function childOf(parent: number): Promise<number> {
  return untilValue(() => childrenOf(parent).find((child) => commandOf(child).includes('child-main') && isAlive(child)));
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name) && statOf(Number(name))?.parent === parent)
    .map(Number);
}

function statOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { state: state!, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** A zombie is dead: who should bury it may be slow. */
export function isAlive(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.state !== 'Z';
}

/** Waits for a state that only the system knows, with a bound. */
export async function untilValue<T>(look: () => T | undefined): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error('waited 10 s for a process to appear or go');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
