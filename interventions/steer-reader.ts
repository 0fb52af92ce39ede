import type { Config } from '#adapters/config.ts';
import { askTemporal, isMissingInTemporal } from '#adapters/temporal.ts';
import { Failure } from '#domain/failures.ts';
import type { Names } from '#domain/names.ts';

/** Coming home may take a segment's commit. */
const answerMsMax = 30_000;

/**
 * Pauses or resumes a reader. Pausing is done when every slot is home: until then the answer waits. Asked again, it
 * changes nothing.
 * @throws Failure `missing` where the reader does not run, `unavailable` or `timeout` of Temporal.
 */
export async function steerReader(
  config: Config,
  names: Names,
  reader: 'stream' | 'landing',
  what: 'pause' | 'resume',
): Promise<{ state: string }> {
  return askTemporal(config, answerMsMax, async (client) => {
    try {
      const { state } = await client.workflow.getHandle(names.workflowIds[reader]).executeUpdate<{ state: string }, []>(what);
      return { state };
    } catch (error) {
      if (isMissingInTemporal(error))
        throw new Failure('missing', `The workflow of ${reader} is not there: node workers/setup.ts starts it.`, { cause: error });
      throw new Failure('timeout', `The workflow of ${reader} did not answer: is a worker running? (${(error as Error).message})`, {
        cause: error,
      });
    }
  });
}
