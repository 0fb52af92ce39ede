import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import type { Setting } from '#adapters/settings/fields.ts';
import { overlayEnvironment, readGiven } from '#adapters/settings/secret-files.ts';
import { settings } from '#adapters/settings/settings.ts';
import { Failure } from '#domain/failures.ts';

/** The settings of a process, read once. This file is the one reader of `process.env`. */
export type Config = Readonly<{ [K in keyof typeof settings]: z.output<(typeof settings)[K]['schema']> }>;

/**
 * Reads the settings from an environment (default: the process's, over what a running stack wrote into its home), and
 * reports all problems together.
 * @throws Failure `configuration` with one line a problem.
 */
export function loadConfig(environment: NodeJS.ProcessEnv = environmentOverStack(process.env)): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries<Setting>(settings)) {
    const given = readGiven(setting, environment);
    if ('problem' in given) {
      problems.push(given.problem);
      continue;
    }
    const { variable, text } = given;
    const parsed = setting.schema.safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else
      problems.push(
        `${variable}=${setting.secret === true ? '(secret)' : JSON.stringify(text)}: ${parsed.error.issues.map((issue) => issue.message).join('; ')}. ${setting.about}`,
      );
  }
  if (problems.length === 0) problems.push(...findMisfits(values as Config));
  if (problems.length > 0) throw new Failure('configuration', `Settings are wrong:\n  ${problems.join('\n  ')}\nSee .env.example.`);
  values['home'] = resolve(values['home'] as string);
  return Object.freeze(values) as Config;
}

/** What a deadline needs beyond itself to be noticed and answered. */
const answerMs = 500;

/** Settings that are each right and do not fit together. */
function findMisfits({ ingestDeadlineMs, apiDrainMs }: Config): string[] {
  if (ingestDeadlineMs + answerMs <= apiDrainMs) return [];
  return [
    `INGEST_DEADLINE_MS=${ingestDeadlineMs} and API_DRAIN_MS=${apiDrainMs}: an API that stops would cut off requests that still wait for Kafka. Set API_DRAIN_MS to ${ingestDeadlineMs + answerMs} or more, or INGEST_DEADLINE_MS to less.`,
  ];
}

/** A copy of the process's own environment: what the stack's children get, and how the stack sees what the user set. */
export function callerEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env };
}

/** Name of the file in which a running stack tells other processes of the same home the settings it chose. */
export const stackEnvironmentFile = 'environment.json';

/** What the stack of this home wrote (ports, keys) under what the caller's environment says. */
export function environmentOverStack(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const file = join(resolve(environment[settings.home.env] ?? '.pinflow'), stackEnvironmentFile);
  try {
    return overlayEnvironment(JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>, environment, Object.values(settings));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return environment;
    throw new Failure('configuration', `${file} cannot be read: stop the stack and start it again, or remove the file.`, { cause: error });
  }
}
