import { randomUUID } from 'node:crypto';
import type { Config } from '#adapters/config.ts';
import { askTemporal } from '#adapters/temporal.ts';
import type { TickInput } from '#domain/lake/tick-input.ts';
import type { Names } from '#domain/names.ts';
import { workflowTypes } from '#domain/names.ts';

const answerMsMax = 2_000;

/**
 * Has the batch look at its ledger now, which starts what is ready and wakes what sleeps until its next try. The ledger
 * says what is to do, so where Temporal cannot be asked nothing is lost: the next tick of the schedule looks too.
 * @returns whether it was asked.
 */
export async function askForLook(config: Config, names: Names): Promise<boolean> {
  const input: TickInput = {
    prefix: names.prefix,
    intervalMs: config.batchIntervalMs,
    offsetMs: 0,
    waitMs: config.batchWaitMs,
    only: 'open',
  };
  try {
    await askTemporal({ ...config, connectTimeoutMs: answerMsMax }, answerMsMax, (client) =>
      client.workflow.start(workflowTypes.batchTick, {
        workflowId: names.workflowIds.look(randomUUID()),
        taskQueue: names.queues.control,
        args: [input],
        staticSummary: 'start what a person asked for',
      }),
    );
    return true;
  } catch {
    return false;
  }
}
