import { closeSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Setting } from '#adapters/settings/fields.ts';

/**
 * A secret may lie in a file instead of the environment, which children inherit and tools show: `<NAME>_FILE` names it, as
 * secrets of containers are mounted. That holds for every setting that is marked secret, and for no other.
 */
const fileBytesMax = 65_536;

/** Name of the variable that names the file; undefined where the setting is no secret. */
export function fileVariableOf({ env, secret }: Setting): string | undefined {
  return secret === true ? `${env}_FILE` : undefined;
}

/** Whether an environment gives the setting, itself or by a file. Empty means unset. */
export function isGiven(setting: Setting, environment: NodeJS.ProcessEnv): boolean {
  return Boolean(environment[setting.env]) || Boolean(environment[fileVariableOf(setting) ?? '']);
}

/** What an environment says about a setting, and the variable that says it; or a sentence about why it cannot be known. */
export function readGiven(
  setting: Setting,
  environment: NodeJS.ProcessEnv,
): { variable: string; text: string | undefined } | { problem: string } {
  const variable = fileVariableOf(setting);
  const file = variable === undefined ? undefined : environment[variable];
  const text = environment[setting.env] === '' ? undefined : environment[setting.env];
  if (!file || variable === undefined) return { variable: setting.env, text };
  if (text !== undefined) return { problem: `${setting.env} and ${variable} are both set: keep one of them.` };
  try {
    const content = readBounded(file);
    const secret = content.replace(/[\r\n]+$/, '');
    if (secret === '') return { problem: `${variable}=${file}: the file is empty; it must hold what ${setting.env} would.` };
    return { variable, text: secret };
  } catch (error) {
    return {
      problem: `${variable}=${file}: ${whyNot(error as NodeJS.ErrnoException)}; it must be a file that holds what ${setting.env} would.`,
    };
  }
}

/** One environment over another. A secret that the upper one gives in either form hides both forms of the lower. */
export function overlayEnvironment(lower: NodeJS.ProcessEnv, upper: NodeJS.ProcessEnv, settings: Iterable<Setting>): NodeJS.ProcessEnv {
  const both = { ...lower, ...upper };
  for (const setting of settings) {
    const variable = fileVariableOf(setting);
    if (variable === undefined) continue;
    if (upper[variable] && !upper[setting.env]) delete both[setting.env];
    if (upper[setting.env] && !upper[variable]) delete both[variable];
  }
  return both;
}

/** What of an environment gives settings, for other processes: with paths that hold wherever they run. */
export function givenVariables(settings: Iterable<Setting>, environment: NodeJS.ProcessEnv): Record<string, string> {
  const found: Record<string, string> = {};
  for (const setting of settings) {
    const text = environment[setting.env];
    const variable = fileVariableOf(setting);
    const file = variable === undefined ? undefined : environment[variable];
    if (text) found[setting.env] = text;
    if (variable !== undefined && file) found[variable] = resolve(file);
  }
  return found;
}

/** A path that leads elsewhere (a device, a disk image) must not fill the memory. */
function readBounded(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(fileBytesMax + 1);
    const length = readSync(descriptor, buffer, 0, buffer.length, 0);
    if (length > fileBytesMax) throw new RangeError(`it has more than ${fileBytesMax} bytes`);
    return buffer.toString('utf8', 0, length);
  } finally {
    closeSync(descriptor);
  }
}

function whyNot(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return 'there is no such file';
  if (error.code === 'EACCES' || error.code === 'EPERM') return 'this user may not read it';
  if (error.code === 'EISDIR') return 'it is a folder';
  return error.message;
}
