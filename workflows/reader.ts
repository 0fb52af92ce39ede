import {
  ActivityFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  defineQuery,
  defineUpdate,
  isCancellation,
  log,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { SegmentInput, SegmentPartition, SegmentResult } from '#activities/reader/segment.ts';
import { failedSlotWait, idleSlotWait, segmentOptions } from '#workflows/policies.ts';

/**
 * The supervisor of a reader: fixed slots, each a chain of segments (bounded activities). It decides who reads what and
 * when; checkpoints live in Postgres, and no record passes through here.
 */
export type ReaderInput = {
  slots: number;
  segmentMs: number;
  /** Carried over continue-as-new. */
  segment?: number;
  paused?: boolean;
};

export type SlotState = {
  slot: number;
  state: 'reading' | 'home';
  segment: number;
  partitions: SegmentPartition[];
  /** Why its last segment ended without saying how far it came; what was committed then is in Postgres. */
  failure?: string;
};
export type ReaderState = { state: 'reading' | 'paused' | 'draining'; slots: SlotState[] };
export type ReaderActivities = { runSegment(input: SegmentInput): Promise<SegmentResult> };

const stateQuery = defineQuery<ReaderState>('state');
/** Stops reading at the next commit and answers when every slot is home. */
const pauseUpdate = defineUpdate<ReaderState>('pause');
const resumeUpdate = defineUpdate<ReaderState>('resume');
/** Gives the partitions to another number of slots. */
const rescaleUpdate = defineUpdate<ReaderState, [slots: number]>('rescale');
/** Stops reading at the next commit and ends the workflow. */
const drainUpdate = defineUpdate<ReaderState>('drain');

export async function superviseReader(
  input: ReaderInput,
  queue: string,
  continueWith: (next: ReaderInput) => Promise<never>,
): Promise<ReaderState> {
  const { runSegment } = proxyActivities<ReaderActivities>({ ...segmentOptions(input.segmentMs), taskQueue: queue });
  let wantedSlots = input.slots;
  let segment = input.segment ?? 0;
  let mode: ReaderState['state'] = input.paused === true ? 'paused' : 'reading';
  let scope: CancellationScope | undefined;
  let slots: SlotState[] = [];
  const current = (): ReaderState => ({ state: mode, slots });
  const show = (): void => {
    setCurrentDetails(describe(current()));
    upsertSearchAttributes({
      PinState: [mode],
      PinLag: [slots.flatMap(({ partitions }) => partitions).reduce((sum, { lag }) => sum + lag, 0)],
    });
  };
  const comeHome = async (): Promise<void> => {
    // The slots of now: the main loop may have begun with others before this is looked at again.
    const leaving = slots;
    scope?.cancel();
    await condition(() => leaving.every(({ state }) => state === 'home'));
    show();
  };

  setHandler(stateQuery, current);
  setHandler(pauseUpdate, async () => {
    if (mode === 'reading') mode = 'paused';
    await comeHome();
    return current();
  });
  setHandler(resumeUpdate, () => {
    if (mode === 'paused') mode = 'reading';
    return current();
  });
  setHandler(
    rescaleUpdate,
    async (count) => {
      wantedSlots = count;
      await comeHome();
      return current();
    },
    {
      validator: (count) => {
        if (!Number.isInteger(count) || count < 1 || count > 64) throw new Error(`A reader has 1 to 64 slots, not ${count}.`);
      },
    },
  );
  setHandler(drainUpdate, async () => {
    mode = 'draining';
    await comeHome();
    return current();
  });

  const runSlot = async (one: SlotState): Promise<void> => {
    while (scope?.consideredCancelled === false) {
      one.segment = segment++;
      one.state = 'reading';
      show();
      try {
        const result = await runSegment.executeWithOptions(
          {
            activityId: `seg-s${one.slot}-${String(one.segment).padStart(6, '0')}`,
            summary: `slot ${one.slot} of ${slots.length}, segment ${one.segment}`,
            ...segmentOptions(input.segmentMs),
            taskQueue: queue,
          },
          [{ slot: one.slot, slots: slots.length, segment: one.segment, segmentMs: input.segmentMs }],
        );
        one.partitions = result.partitions;
        delete one.failure;
        // All its partitions stand still, or it has none: look again later instead of spinning.
        if (result.ended === 'nothing_left') await sleep(idleSlotWait);
      } catch (error) {
        if (!isCancellation(error)) await restAfterFailure(one, error);
      }
      if (workflowInfo().continueAsNewSuggested) scope.cancel();
    }
  };

  /**
   * Once its cancellation was asked for, the server repeats no attempt: one that is killed or fails meanwhile arrives here
   * as the segment's failure. It is home all the same, as its checkpoint is in Postgres. Without a cancellation a
   * segment fails only where the server gives up on it; the next one goes on after a rest, because only people end a reader.
   */
  const restAfterFailure = async (one: SlotState, error: unknown): Promise<void> => {
    one.failure = reasonOf(error);
    log.warn('segment failed', { slot: one.slot, segment: one.segment, asked: scope?.consideredCancelled, reason: one.failure });
    if (scope?.consideredCancelled === true) return;
    show();
    await sleep(failedSlotWait).catch((stopped: unknown) => {
      if (!isCancellation(stopped)) throw stopped;
    });
  };

  const is = (state: ReaderState['state']): boolean => mode === state;
  const draining = (): boolean => is('draining');
  while (!draining()) {
    await condition(() => mode !== 'paused');
    if (draining()) break;
    // An update that came while the condition was being answered found no scope of this round to cancel.
    if (is('paused') && patched('paused-between-scopes')) continue;
    slots = Array.from({ length: wantedSlots }, (_, slot) => ({ slot, state: 'reading', segment: 0, partitions: [] }));
    scope = new CancellationScope();
    await scope
      .run(() =>
        Promise.all(
          slots.map((one) =>
            runSlot(one).finally(() => {
              one.state = 'home';
            }),
          ),
        ),
      )
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
      });
    show();
    if (workflowInfo().continueAsNewSuggested && !draining()) {
      await condition(allHandlersFinished);
      // Asked for in the meantime: the next run would not know of it.
      if (draining()) break;
      await continueWith({ slots: wantedSlots, segmentMs: input.segmentMs, segment, paused: is('paused') });
    }
  }
  await condition(allHandlersFinished);
  show();
  return current();
}

/** Markdown for the Web UI: one row a partition, as of the end of its last segment. */
function describe({ state, slots }: ReaderState): string {
  const failures = slots.flatMap(({ slot, segment, failure }) =>
    failure === undefined ? [] : ['', `Segment ${segment} of slot ${slot} failed: ${failure}`],
  );
  const rows = slots.flatMap(({ slot, segment, partitions }) =>
    partitions.map(
      ({ topic, partition, from, to, rows, lag, problem }) =>
        `| ${slot} | ${segment} | ${topic}/${partition} | ${from} | ${to} | ${rows} | ${lag} | ${problem ?? ''} |`,
    ),
  );
  return [
    `**${state}**, ${slots.length} slots. Figures are those of each slot's last finished segment; \`pinflow status\` has those of now.`,
    '',
    '| slot | segment | partition | from | to | rows | lag | problem |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
    ...failures,
  ].join('\n');
}

/** What the server or the worker says of a failed segment: our messages hold no event data. */
function reasonOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? (error.cause ?? error) : error;
  return (cause instanceof Error ? cause.message : String(cause)).slice(0, 500);
}
