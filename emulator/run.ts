import { setTimeout as sleep } from 'node:timers/promises';
import { failureKindOf } from '#domain/failures.ts';
import { drawRows } from '#emulator/draw-rows.ts';
import type { Answer, Shape } from '#emulator/post.ts';
import { post, requestsOf } from '#emulator/post.ts';
import type { Retry } from '#emulator/retry.ts';
import { makeRetry } from '#emulator/retry.ts';
import type { Source, SourceEvent } from '#emulator/source.ts';

/**
 * The emulator: draws rows of the source by a seed and posts them to the door until it has posted `count`, or its
 * signal ends it. Each answer is waited for and each event retried until it has one, so after an ordinary end every
 * event was acked or refused.
 */
export type EmulatorOptions = {
  source: Source;
  target: string;
  /** Key for a door that asks for one. */
  apiKey?: string | undefined;
  shape: Shape;
  seed: number;
  /** Draws to skip first. */
  start: number;
  /** Events to post; endless when undefined. */
  count?: number;
  /** Events a second, steadily; undefined means a sleep of 0 to 2 s before each. */
  rate?: number;
  /** Events in flight; default 1, with a rate one for every twenty a second, at most 64. */
  concurrency?: number;
  signal: AbortSignal;
  report: EmulatorReport;
};

/** An event that has its answers. `number` counts from 0 with the first draw of the seed. */
export type Posted = { number: number; event: SourceEvent; answers: Answer[] };
export type EmulatorReport = { posted: (posted: Posted) => void; trouble: (line: string) => void };

/** Counts of events, and of requests (a pin event is one, a topics event up to three). */
export type EmulatorSummary = { events: number; requests: number; acked: number; refused: number; retried: number; seconds: number };

const concurrencyMax = 64;
const eventsPerLane = 20;
const fetchRowsMax = 500;
/** Further behind than this, a steady rate starts anew: after an outage it must not make up for it in one burst. */
const behindMaxMs = 1_000;

type Turn = { number: number; sleepMs: number; event: Promise<SourceEvent> };

/** Runs the emulator to its end. */
export async function runEmulator(options: EmulatorOptions): Promise<EmulatorSummary> {
  const { signal, report } = options;
  const summary = { events: 0, requests: 0, acked: 0, refused: 0, retried: 0 };
  const startedAtMs = performance.now();
  // One lane that fails ends the others; the caller's signal ends all.
  const failed = new AbortController();
  const ended = AbortSignal.any([signal, failed.signal]);
  const retry = makeRetry(
    {
      trouble: report.trouble,
      retried: () => {
        summary.retried++;
      },
    },
    ended,
  );
  const nextTurn = makeTurns(options, retry);
  const awaitTurn =
    options.rate === undefined ? (turn: Turn) => sleep(turn.sleepMs, undefined, { signal: ended }) : makePace(options.rate, ended);

  async function runLane(): Promise<void> {
    for (let turn = nextTurn(); turn !== undefined; turn = nextTurn()) {
      await awaitTurn(turn);
      const event = await turn.event;
      const answers: Answer[] = [];
      for (const request of requestsOf(event, options.shape, options.target)) {
        summary.requests++;
        const answer = await retry(() => post(request, options.apiKey, ended));
        summary[answer.acked ? 'acked' : 'refused']++;
        answers.push(answer);
      }
      summary.events++;
      report.posted({ number: turn.number, event, answers });
    }
  }

  const guarded = async (): Promise<void> => {
    try {
      await runLane();
    } catch (error) {
      if (signal.aborted) return;
      failed.abort();
      throw error;
    }
  };
  const lanes = options.concurrency ?? (options.rate === undefined ? 1 : Math.min(concurrencyMax, Math.ceil(options.rate / eventsPerLane)));
  const results = await Promise.allSettled(Array.from({ length: lanes }, guarded));
  // Whoever failed first aborted the others, whose errors only say so.
  const causes = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
  const cause = causes.find((error) => error.name !== 'AbortError') ?? causes[0];
  if (cause !== undefined) throw cause;
  return { ...summary, seconds: (performance.now() - startedAtMs) / 1_000 };
}

/** Deals out turns, reading the rows of about a second at once, so that a fast emulator asks its source seldom. */
function makeTurns({ source, seed, start, count, rate }: EmulatorOptions, retry: Retry): () => Turn | undefined {
  const draws = drawRows(seed, source.rowCount);
  for (let skipped = 0; skipped < start; skipped++) draws.next();
  const end = count === undefined ? Infinity : start + count;
  const chunkRows = Math.max(1, Math.min(fetchRowsMax, Math.ceil(rate ?? 1)));
  const ready: Turn[] = [];
  let number = start;

  function readChunk(): void {
    const chunk = Array.from({ length: Math.min(chunkRows, end - number) }, () => draws.next().value);
    const events = retry(() =>
      fetchOnce(
        source,
        chunk.map((draw) => draw.row),
      ),
    );
    // A lane that ends early never awaits its turn; whoever does gets the error.
    events.catch(() => undefined);
    for (const [i, { sleepMs }] of chunk.entries()) {
      const event = events.then((list) => list[i] as SourceEvent);
      event.catch(() => undefined);
      ready.push({ number: number + i, sleepMs, event });
    }
    number += chunk.length;
  }

  return () => {
    if (ready.length === 0 && number < end) readChunk();
    return ready.shift();
  };
}

async function fetchOnce(source: Source, rows: readonly number[]): Promise<{ done: SourceEvent[] } | { again: string }> {
  try {
    return { done: await source.fetch(rows) };
  } catch (error) {
    const kind = failureKindOf(error);
    if (kind === 'unavailable' || kind === 'timeout') return { again: 'The source database cannot be reached' };
    throw error;
  }
}

/** Waits until the next event of a steady rate is due. */
function makePace(rate: number, signal: AbortSignal): () => Promise<void> {
  let dueMs = performance.now();
  return async () => {
    const now = performance.now();
    if (now - dueMs > behindMaxMs) dueMs = now;
    const waitMs = dueMs - now;
    dueMs += 1_000 / rate;
    // A timer is never shorter than a millisecond: at high rates several events share one.
    if (waitMs >= 1) await sleep(waitMs, undefined, { signal });
    else signal.throwIfAborted();
  };
}
