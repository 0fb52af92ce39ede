import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '#adapters/config.ts';
import { stackEnvironmentFile } from '#adapters/config.ts';
import { Failure, failureKindOf } from '#domain/failures.ts';

/** Whether a stack wrote its settings into the home and did not take them back, as it does when it ends. */
export function isStackIn({ home }: Pick<Config, 'home'>): boolean {
  return existsSync(join(home, stackEnvironmentFile));
}

export function nothingRunsSentence({ home }: Pick<Config, 'home'>): string {
  return `Nothing runs in ${home}: npm start`;
}

/** Does `work`; where a server cannot be reached because no stack runs, that is what the error says. */
export async function orNothingRuns<Result>(config: Config, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (failureKindOf(error) !== 'unavailable' || isStackIn(config)) throw error;
    throw new Failure('unavailable', nothingRunsSentence(config), { cause: error });
  }
}
