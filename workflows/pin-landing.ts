import { continueAsNew } from '@temporalio/workflow';
import type { ReaderInput, ReaderState } from '#workflows/reader.ts';
import { superviseReader } from '#workflows/reader.ts';

/** Lands the topics in S3, for ever. `queue` is where its segments run. */
export async function pinLanding(input: ReaderInput, queue: string): Promise<ReaderState> {
  return superviseReader(input, queue, (next) => continueAsNew<typeof pinLanding>(next, queue));
}
