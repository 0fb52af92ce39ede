import { readFileSync } from 'node:fs';

/** Version of this checkout, from package.json. */
export function pinflowVersion(): string {
  return (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;
}
