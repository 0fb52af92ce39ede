import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';

/**
 * What Linux tells about processes in /proc. Elsewhere there is none of it: every function then says so with an empty
 * result, and the columns stay empty.
 */
type Process = { pid: number; parent: number; cpuS: number };

/** Ticks a second of the times in /proc, fixed in Linux's user interface. */
const ticksPerS = 100;
const pageBytes = 4_096;

export function hasProc(): boolean {
  return existsSync('/proc/self/stat');
}

/** The processes and all below them, as far as they live. */
export function treesOf(roots: readonly number[]): Process[] {
  const all = readProcesses();
  const found = all.filter(({ pid }) => roots.includes(pid));
  // Grows while it is walked: the children of what was found are found next.
  for (const { pid } of found) found.push(...all.filter(({ parent, pid: child }) => parent === pid && !roots.includes(child)));
  return found;
}

/** CPU seconds that the trees have used so far, ended children included whose parents waited for them. */
export function cpuSecondsOf(roots: readonly number[]): number {
  return treesOf(roots).reduce((sum, { cpuS }) => sum + cpuS, 0);
}

/** Memory of the trees. RSS counts a page that several processes share once for each, PSS once. */
export function memoryOf(roots: readonly number[]): { rssBytes: number; pssBytes: number } {
  let rssBytes = 0;
  let pssBytes = 0;
  for (const { pid } of treesOf(roots)) {
    rssBytes += Number(readOr(`/proc/${pid}/statm`, '0 0').split(' ')[1]) * pageBytes;
    pssBytes += Number(/^Pss:\s+(\d+) kB/m.exec(readOr(`/proc/${pid}/smaps_rollup`, ''))?.[1] ?? 0) * 1_024;
  }
  return { rssBytes, pssBytes };
}

/** CPU seconds that the whole machine has used so far, what other machines on the same host stole included. */
export function machineCpuSeconds(): number {
  // cpu user nice system idle iowait irq softirq steal ...; interrupts are nobody's.
  const [, user = 0, nice = 0, system = 0, , , , , steal = 0] = readOr('/proc/stat', '').split('\n', 1)[0]!.split(/\s+/).map(Number);
  return (user + nice + system + steal) / ticksPerS;
}

/** The process that listens on a TCP port of this machine; undefined where it is not to be seen. */
export function listenerOf(port: number): number | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const listening = '0A';
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6']
      .flatMap((file) => readOr(file, '').split('\n'))
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => local?.endsWith(`:${hex}`) === true && state === listening)
      .map((columns) => `socket:[${columns[9]}]`),
  );
  if (inodes.size === 0) return undefined;
  return pids().find((pid) => openFilesOf(pid).some((file) => inodes.has(file)));
}

/** The processes that listen at these addresses (`host:port`); servers elsewhere cost this machine nothing that could be told apart. */
export function listenersOf(addresses: readonly string[]): number[] {
  const pids = addresses
    .map((address) => /^(?:127\.0\.0\.1|localhost|\[::1\]):(\d+)$/.exec(address)?.[1])
    .map((port) => (port === undefined ? undefined : listenerOf(Number(port))))
    .filter((pid) => pid !== undefined);
  return [...new Set(pids)];
}

function readProcesses(): Process[] {
  return pids().flatMap((pid) => {
    // pid (name) state ppid ... utime stime cutime cstime: the name may hold anything, brackets and blanks too.
    const text = readOr(`/proc/${pid}/stat`, '');
    const columns = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const cpuS = columns.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerS;
    return text === '' ? [] : [{ pid, parent: Number(columns[1]), cpuS }];
  });
}

function pids(): number[] {
  return hasProc()
    ? readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
    : [];
}

function openFilesOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((name) => readlinkOr(`/proc/${pid}/fd/${name}`, ''));
  } catch {
    // Gone meanwhile, or another user's.
    return [];
  }
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // A process may end while it is looked at, and another user's says little.
    return otherwise;
  }
}

function readlinkOr(file: string, otherwise: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return otherwise;
  }
}
