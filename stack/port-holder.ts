import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

const LISTEN = '0A';

/**
 * Says what listens on a port, such as `process 4711 (java -Xmx384m ...)`; undefined where the system does not tell
 * (another user's process, not Linux).
 */
export function holderOfPort(port: number): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const sockets = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => socketsListening(table, port)));
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (linksOf(`/proc/${pid}/fd`).some((target) => sockets.has(target))) return `process ${pid} (${commandOf(pid)})`;
  }
  return undefined;
}

/** Fields of a line of /proc/net/tcp: number, local address:port in hex, remote, state, ..., inode as the tenth. */
function socketsListening(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return textOf(table)
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) === true && fields[3] === LISTEN)
    .map((fields) => `socket:[${fields[9]}]`);
}

function commandOf(pid: string): string {
  const words = textOf(`/proc/${pid}/cmdline`).split('\0').join(' ').trim();
  return words.length > 80 ? `${words.slice(0, 80)}...` : words;
}

/** Processes end, and others' are closed to us, while we look: both mean "not this one". */
function linksOf(folder: string): string[] {
  return orNothing(() => readdirSync(folder).map((name) => orNothing(() => readlinkSync(`${folder}/${name}`), '')), []);
}

function textOf(file: string): string {
  return orNothing(() => readFileSync(file, 'utf8'), '');
}

function orNothing<Value>(look: () => Value, nothing: Value): Value {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return nothing;
    throw error;
  }
}
