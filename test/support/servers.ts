import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '#adapters/config.ts';
import { callerEnvironment, loadConfig } from '#adapters/config.ts';
import { settings } from '#adapters/settings/settings.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { findFreePorts } from '#stack/free-ports.ts';

/** Between looks, at first and at most: what takes long is looked at less often, as each look takes time from what is waited for. */
const POLL_MS = { first: 10, most: 200, factor: 1.3 };
/** What is not there by then never comes: long enough for a machine that does much else. */
const WAIT_MS = 60_000;

/**
 * Settings of a test's own on the servers that `npm test` runs: a prefix that nobody else has, an empty database (also
 * for the emulator's source), a free API port and a folder. What the test leaves behind goes with the servers, which
 * keep it when a test fails.
 * @param template gives the database that the test's own begins as a copy of.
 */
export async function testConfig(overrides: Partial<Config> = {}, template?: (serverUrl: string) => Promise<string>): Promise<Config> {
  const environment = callerEnvironment();
  if (!environment[settings.kafkaBrokers.env] || !environment[settings.postgresUrl.env]) {
    throw new Error(`This test needs servers, which 'npm test' brings: run 'npm test -- ${process.argv[1] ?? 'test/...'}'.`);
  }
  const shared = loadConfig(environment);
  const unique = `t${randomBytes(4).toString('hex')}`;
  const database = `${basename(process.argv[1] ?? 'test', '.test.ts').replaceAll(/[^a-z0-9]+/g, '_')}_${unique}`.slice(-60);
  const postgresUrl = await createDatabase(shared.postgresUrl, database, await template?.(shared.postgresUrl));
  const [apiPort = 0] = await findFreePorts(1);
  const home = join(shared.home, 'tests', database);
  mkdirSync(home, { recursive: true });
  return Object.freeze({
    ...shared,
    home,
    prefix: `${unique}-`,
    postgresUrl,
    sourceUrl: postgresUrl,
    apiPort,
    apiUrl: undefined,
    s3Bucket: undefined,
    ...overrides,
  });
}

/**
 * Looks until `check` returns something other than undefined, null or false, and returns that. A check that throws
 * counts as "not yet".
 * @throws Error that says `what` was waited for, with the last error as its cause.
 */
export async function waitFor<Value>(
  check: () => Value | Promise<Value>,
  { timeoutMs = WAIT_MS, what }: { timeoutMs?: number; what: string },
): Promise<Exclude<Awaited<Value>, undefined | null | false>> {
  const giveUpAt = Date.now() + timeoutMs;
  let cause: unknown;
  for (let pollMs = POLL_MS.first; ; pollMs = Math.min(POLL_MS.most, pollMs * POLL_MS.factor)) {
    try {
      const value = await check();
      if (value !== undefined && value !== null && value !== false) return value as Exclude<Awaited<Value>, undefined | null | false>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (Date.now() > giveUpAt) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}.`, { cause });
    await sleep(pollMs);
  }
}

async function createDatabase(serverUrl: string, name: string, template?: string): Promise<string> {
  const postgres = makePostgres({ url: serverUrl, applicationName: 'pinflow-test', connectionsMax: 1 });
  try {
    await postgres.execute(`CREATE DATABASE ${name}${template === undefined ? '' : ` TEMPLATE ${template}`}`);
  } finally {
    await postgres.close();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
