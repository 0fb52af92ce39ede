import type { CleanedBatch, Clean, Cleaning } from '#adapters/duckdb/lasting-cleaner.ts';
import { sampleRecord } from '#domain/sample-record.ts';
import { Failure, failureKindOf } from '#domain/failures.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { LogRecord } from '#domain/terms.ts';

/**
 * Before a record is blamed, one that is known to be good must pass the same way: a wrong cast in our own SQL, or a column
 * that our own statement does not fill, speaks of the data in the same words as a bad record does, and of every record.
 */
export type KnownGood = {
  /** Before a record is blamed that cleaning refused. @throws Failure `fault` where the sample is refused as well. */
  assertCleaned(cleaning: Cleaning, kind: Kind): Promise<void>;
  /**
   * Before a record is blamed that the sink refused.
   * @param write writes the sample as the record would have been, in its place, and takes it back.
   * @throws Failure `fault` where the sample is refused as well.
   */
  assertWritten(cleaning: Cleaning, kind: Kind, place: LogRecord, write: WriteSample): Promise<void>;
};

export type WriteSample = (sample: LogRecord, cleaned: CleanedBatch) => Promise<void>;

/**
 * How long a sample that passed speaks for the program, so that many bad records do not cost a sample each. What breaks
 * within that time may cost as many good records their place as are tried one by one in it.
 */
const goodMs = 1_000;

export function makeKnownGood(): KnownGood {
  const passedAt = new Map<string, number>();
  const unlessJustPassed = async (what: string, work: () => Promise<void>): Promise<void> => {
    const now = performance.now();
    if (now - (passedAt.get(what) ?? -Infinity) < goodMs) return;
    await work();
    passedAt.set(what, now);
  };
  return {
    // Alone: an engine that dies meanwhile of somebody else's records would say nothing about the sample.
    assertCleaned: (cleaning, kind) =>
      unlessJustPassed(`cleaned ${kind}`, async () => {
        await cleaning.alone((alone) => assertCleansSample(alone.clean, kind));
      }),
    assertWritten: (cleaning, kind, { topic, partition, offset, appendTimeMs }, write) =>
      unlessJustPassed(`written ${kind}`, async () => {
        const sample = { ...sampleRecord(kind), topic, partition, offset, appendTimeMs };
        const cleaned = await cleaning.alone((alone) => assertCleansSample(alone.clean, kind, sample));
        await write(sample, cleaned).catch((error: unknown) => {
          throw failureKindOf(error) === 'invalid_data'
            ? new Failure('fault', `Not even a ${kind} that is known to be good can be written: ${(error as Failure).message}`)
            : error;
        });
      }),
  };
}

/** @throws Failure `fault` where the sample does not pass; or the process ends here, and no record is noted. */
export async function assertCleansSample(clean: Clean, kind: Kind, sample = sampleRecord(kind)): Promise<CleanedBatch> {
  try {
    return await clean(kind, [sample]);
  } catch (error) {
    const failed = failureKindOf(error);
    if (failed !== 'crashed' && failed !== 'invalid_data') throw error;
    throw new Failure('fault', `Not even a ${kind} that is known to be good can be cleaned: ${(error as Failure).message}`);
  }
}
