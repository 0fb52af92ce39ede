import { fstatSync } from 'node:fs';
import { callerEnvironment } from '#adapters/config.ts';

/** Set to 1 by a parent that holds the child's stdin open for as long as it lives. */
export const childVariable = 'PINFLOW_CHILD';

/**
 * Calls `onEnd` when the parent is gone: its end of our stdin closes with it, whatever killed it. Only where the parent
 * announced this (`PINFLOW_CHILD=1`) and stdin is a pipe; a shell's redirections must not end a process.
 */
export function endWithParent(onEnd: () => void): void {
  if (callerEnvironment()[childVariable] !== '1' || !stdinIsPipe()) return;
  let ended = false;
  const end = (): void => {
    if (!ended) onEnd();
    ended = true;
  };
  process.stdin.once('end', end).once('close', end).once('error', end);
  process.stdin.resume();
  // Waiting for the parent alone must not keep a process alive that is done.
  process.stdin.unref();
}

/** Whether stdin can tell of the parent's end. Node makes its children's "pipes" sockets. */
function stdinIsPipe(): boolean {
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    // No stdin at all.
    return false;
  }
}
