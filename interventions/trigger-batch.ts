import type { Config } from '#adapters/config.ts';
import { askTemporal, isMissingInTemporal } from '#adapters/temporal.ts';
import { Failure } from '#domain/failures.ts';
import type { Names } from '#domain/names.ts';

const answerMsMax = 5_000;

/**
 * Runs the batch's tick now, as `tctl schedule trigger` does: what is due is started, else the last closed interval runs again.
 * @throws Failure `missing` where there is no schedule, `unavailable` of Temporal.
 */
export async function triggerBatch(config: Config, names: Names): Promise<{ scheduleId: string }> {
  return askTemporal(config, answerMsMax, async (client) => {
    try {
      await client.schedule.getHandle(names.scheduleId).trigger();
      return { scheduleId: names.scheduleId };
    } catch (error) {
      if (isMissingInTemporal(error))
        throw new Failure('missing', 'The batch schedule is not there: node workers/setup.ts creates it.', { cause: error });
      throw new Failure('unavailable', `Temporal did not take the trigger: ${(error as Error).message}`, { cause: error });
    }
  });
}
