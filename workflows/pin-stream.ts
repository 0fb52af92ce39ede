import { continueAsNew } from '@temporalio/workflow';
import type { ReaderInput, ReaderState } from '#workflows/reader.ts';
import { superviseReader } from '#workflows/reader.ts';

/** Applies the topics to Postgres, for ever. `queue` is where its segments run. */
export async function pinStream(input: ReaderInput, queue: string): Promise<ReaderState> {
  return superviseReader(input, queue, (next) => continueAsNew<typeof pinStream>(next, queue));
}
