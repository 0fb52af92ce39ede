import type { Log } from '#adapters/log.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { AckedRange } from '#domain/door/acked-ranges.ts';
import { mergeRanges } from '#domain/door/acked-ranges.ts';

/**
 * Keeps what the door had acked and writes it to `pinflow.door_ack` each second, off the hot path: with it anyone can
 * prove that acked = stored. Postgres being down does not concern the door: ranges wait, and merge while they wait.
 */
export type AckLedger = {
  note(topic: string, partition: number, first: number, last: number): void;
  /** Writes what waits; never rejects. True when nothing waits any more. */
  flush(): Promise<boolean>;
  /** Stops the clock and writes what waits. */
  close(): Promise<void>;
};

const flushEveryMs = 1_000;
/** Ranges kept while Postgres is away: hours of a busy door, since neighbours merge. Beyond it the oldest are dropped. */
const rangesMax = 100_000;

export function makeAckLedger(options: {
  statements: Pick<Statements, 'execute'>;
  instance: string;
  log: Log;
  rangesMax?: number;
}): AckLedger {
  const { statements, instance, log } = options;
  const bound = options.rangesMax ?? rangesMax;
  let waiting: AckedRange[] = [];
  /** The newest range of each partition, which the next ack usually goes on. */
  let newest = new Map<string, AckedRange>();
  let flushing: Promise<boolean> | undefined;
  let failing = false;
  const clock = setInterval(() => void flush(), flushEveryMs);
  clock.unref();

  function note(topic: string, partition: number, first: number, last: number): void {
    const place = `${topic}/${partition}`;
    const range = newest.get(place);
    if (range !== undefined && range.last + 1 === first) {
      range.last = last;
      return;
    }
    const added = { topic, partition, first, last };
    newest.set(place, added);
    waiting.push(added);
  }

  function flush(): Promise<boolean> {
    flushing ??= write().finally(() => {
      flushing = undefined;
    });
    return flushing;
  }

  async function write(): Promise<boolean> {
    if (waiting.length === 0) return true;
    const taken = waiting;
    waiting = [];
    newest = new Map();
    try {
      await statements.execute(insert, [
        instance,
        taken.map(({ topic }) => topic),
        taken.map(({ partition }) => partition),
        taken.map(({ first }) => first),
        taken.map(({ last }) => last),
      ]);
      if (failing) log.info('acked ranges are written again', { ranges: taken.length });
      failing = false;
      return waiting.length === 0;
    } catch (error) {
      if (!failing) log.warn('acked ranges cannot be written to Postgres; they wait', { error });
      failing = true;
      keep(mergeRanges([...taken, ...waiting]));
      return false;
    }
  }

  function keep(ranges: AckedRange[]): void {
    if (ranges.length > bound) log.error('acked ranges were dropped: Postgres is away for too long', { ranges: ranges.length - bound });
    waiting = ranges.slice(-bound);
    newest = new Map(waiting.map((range) => [`${range.topic}/${range.partition}`, range]));
  }

  return {
    note,
    flush,
    async close() {
      clearInterval(clock);
      await flush();
      await flush();
    },
  };
}

// A retry after an answer that got lost meets its own rows, perhaps longer by what was merged since.
const insert = `
  INSERT INTO pinflow.door_ack (instance, topic, partition, first_offset, last_offset)
  SELECT $1, topic, partition, first_offset, last_offset
  FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[]) AS r (topic, partition, first_offset, last_offset)
  ON CONFLICT (topic, partition, first_offset, instance) DO UPDATE SET last_offset = greatest(door_ack.last_offset, excluded.last_offset)`;
