import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Marks a folder that was empty when a stack took it: all that is in it came from Pinflow. */
export const homeMark = '.pinflow-home';
/** All but the group's right to pass, which the user who runs Postgres in place of root may need. */
const othersBits = 0o067;

/** Whether all that is in a folder came from Pinflow, so that what it may be is ours to say. */
export function isOurs(folder: string): boolean {
  return basename(folder) === '.pinflow' || existsSync(join(folder, homeMark)) || readdirSync(folder).length === 0;
}

/**
 * Makes the folder of a home for its owner alone: it holds keys, clients' rows and logs. One that was made wider before is
 * narrowed; one that held something before Pinflow used it is its owner's, and stays as it is.
 * @returns whether others may enter it.
 */
export function ensurePrivateFolder(folder: string): boolean {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { mode, uid } = statSync(folder);
  if ((mode & othersBits) === 0) return false;
  if (!isOurs(folder) || uid !== (process.getuid?.() ?? uid)) return true;
  chmodSync(folder, mode & 0o700);
  return false;
}
