import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Lock files that a kill -9 of their holder does not leave locked: a file names the holder's process, and a holder
 * that is gone loses it. Plain JavaScript on Node built-ins, because the bootstrap needs it on Node 18.
 */

/**
 * What tells a process from any later one with the same id: the machine's boot and the process's start. Undefined when
 * there is no such process (or only its zombie).
 */
export function identityOf(pid) {
  if (process.platform === 'linux') {
    const stat = textOf(`/proc/${pid}/stat`);
    if (stat === undefined) return undefined;
    // The command name in parentheses may hold anything, so count from its end: state is field 3, start time field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${textOf('/proc/sys/kernel/random/boot_id')?.trim()}/${fields[19]}`;
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    // ps ends with 1 when there is no such process.
    return undefined;
  }
}

/** Whether the process that `holder` was written down for still lives. */
export function isAlive(holder) {
  return holder.identity !== undefined && identityOf(holder.pid) === holder.identity;
}

/** A process in the form that lock and pid files hold. */
export function describeProcess(pid) {
  return { pid, identity: identityOf(pid) };
}

/**
 * Takes the lock, or says who has it: `{ release }` or `{ holder }`. Never waits.
 */
export function tryLock(file) {
  mkdirSync(dirname(file), { recursive: true });
  const unique = `${process.pid}-${randomBytes(4).toString('hex')}`;
  const mine = `${file}.${unique}.new`;
  const text = JSON.stringify(describeProcess(process.pid));
  // Written aside and linked: whoever sees the name sees the whole content.
  writeFileSync(mine, text);
  try {
    for (let attempt = 0; attempt < 20; attempt++) {
      if (linked(mine, file)) return { release: () => release(file, text) };
      const seen = textOf(file);
      if (seen === undefined) continue;
      const holder = parsedHolder(seen);
      if (holder !== undefined && isAlive(holder)) return { holder };
      buryDead(file, seen, `${file}.${unique}.dead`);
    }
    throw new Error(`${file} changes hands all the time: remove it and try again.`);
  } finally {
    unlinkSync(mine);
  }
}

/** Takes the lock, waiting for its holder; `onWait` hears once who that is, and `signal` ends the waiting. */
export async function waitForLock(file, onWait, signal) {
  for (let waited = false; ; waited = true) {
    signal?.throwIfAborted();
    const lock = tryLock(file);
    if (lock.holder === undefined) return lock;
    if (!waited) onWait?.(lock.holder);
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
  }
}

function linked(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a dead holder's file; if another process replaced it meanwhile by its own, that one goes back. */
function buryDead(file, seen, grave) {
  try {
    renameSync(file, grave);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (textOf(grave) !== seen) linked(grave, file);
  unlinkSync(grave);
}

function release(file, text) {
  if (textOf(file) === text) unlinkSync(file);
}

function parsedHolder(text) {
  try {
    return JSON.parse(text);
  } catch {
    // A torn file (power cut): nobody holds it.
    return undefined;
  }
}

function textOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  }
}
