import {
  CancellationScope,
  allHandlersFinished,
  condition,
  defineQuery,
  defineUpdate,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { SegmentInput, SegmentPartition, SegmentResult } from '#activities/reader/segment.ts';
import { idleSlotWait, segmentOptions } from '#workflows/policies.ts';

/**
 * The supervisor of a reader: fixed slots, each a chain of segments (bounded activities). It decides who reads what and
 * when; positions live in Postgres, and no record passes through here.
 */
export type ReaderInput = {
  slots: number;
  segmentMs: number;
  /** Carried over continue-as-new. */
  segment?: number;
  paused?: boolean;
};

export type SlotState = { slot: number; state: 'reading' | 'home'; segment: number; partitions: SegmentPartition[] };
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
        // All its partitions stand still, or it has none: look again later instead of spinning.
        if (result.ended === 'nothing_left') await sleep(idleSlotWait);
      } catch (error) {
        if (!isCancellation(error)) throw error;
      }
      if (workflowInfo().continueAsNewSuggested) scope.cancel();
    }
  };

  const draining = (): boolean => mode === 'draining';
  while (!draining()) {
    await condition(() => mode !== 'paused');
    if (draining()) break;
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
      await continueWith({ slots: wantedSlots, segmentMs: input.segmentMs, segment, paused: current().state === 'paused' });
    }
  }
  await condition(allHandlersFinished);
  show();
  return current();
}

/** Markdown for the Web UI: one row a partition, as of the end of its last segment. */
function describe({ state, slots }: ReaderState): string {
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
  ].join('\n');
}
