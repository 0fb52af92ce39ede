import { readFileSync, readdirSync } from 'node:fs';
import { cleanFiles } from '#domain/clean/clean-files.ts';

/**
 * The SQL of domain/ as text, by its name below domain/ (`kinds/pin/clean.sql`). Files are read once a process; they are part
 * of the code, so a missing one is a programmer's error.
 */
export function domainSql(name: string): string {
  let text = texts.get(name);
  if (text === undefined) {
    text = readFileSync(new URL(name, domainFolder), 'utf8');
    texts.set(name, text);
  }
  return text;
}

/** Every SQL file below a folder of domain/ (`clean`), by name: what codeVersion() takes. */
export function domainSqlBelow(folder: string): Record<string, string> {
  const names = readdirSync(new URL(`${folder}/`, domainFolder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.sql'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .toSorted();
  return Object.fromEntries(names.map((name) => [name, domainSql(name)]));
}

/** CREATE MACRO statements that the SELECTs of cleaning use, run once a connection: the shared ones, then those of the kinds that have some. */
export function cleaningMacros(): string {
  const ofKinds = Object.entries(domainSqlBelow('kinds')).filter(([name]) => name.endsWith('/macros.sql'));
  return [domainSql(cleanFiles.macros), ...ofKinds.map(([, text]) => text)].join('\n');
}

const domainFolder = new URL('../../domain/', import.meta.url);
const texts = new Map<string, string>();
