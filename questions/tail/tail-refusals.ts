import { setTimeout as delay } from 'node:timers/promises';
import type { RefusalLine, RejectLine } from '#domain/answers/tail-lines.ts';
import type { Emit } from '#questions/tail/tail-lines.ts';
import { textOfLine } from '#questions/tail/tail-lines.ts';
import type { Follow } from '#questions/tail/tail-records.ts';
import type { Statements } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { kinds as allKinds } from '#domain/kinds/list.ts';

const pollMs = 1_000;
const rowsMax = 2_000;
/** More than one flush of a door writes, so that a page always gets ahead. */
const refusalRowsMax = 5_000;
/** Pages of rejects that one poll reads. */
const pagesMax = 20;
/** Rows carry the time at which their transaction began: so long may it take until they can be seen. */
const lateMs = 10_000;
/** Counts that are remembered; those of old minutes change no more. */
const countsMax = 20_000;
const settledMs = 300_000;

type Query = Pick<Statements, 'query'>;

/**
 * Fixes where a tail of what was refused begins: at the door and in the stream, of these `kinds`, or all where absent. A
 * request whose target tells no kind is shown among all only. Both are looked for each second.
 * @throws Failure where Postgres cannot be asked.
 */
export async function openRefusalTail(options: {
  statements: Query;
  kinds: readonly Kind[] | undefined;
  sinceMs: number | undefined;
}): Promise<Follow> {
  const { statements, kinds } = options;
  const [row] = await statements.query<{ now: Date }>('SELECT now() AS now');
  const from = options.sinceMs === undefined ? row!.now : new Date(options.sinceMs);
  const refusals = makeRefusalPoll(statements, kinds, from);
  if (options.sinceMs === undefined) await refusals.skip();
  const rejects = makeRejectPoll(statements, kinds ?? allKinds, from);

  return async (emit, signal) => {
    let told = false;
    while (!signal.aborted) {
      try {
        await refusals.poll(emit);
        await rejects.poll(emit);
        told = false;
      } catch (error) {
        if (!(error instanceof Failure) || !error.canRetry) throw error;
        if (!told) void emit(textOfLine({ type: 'note', message: `${error.message} Trying on.` }), false);
        told = true;
      }
      // Ends early where the tail ends.
      await delay(pollMs, undefined, { signal }).catch(() => undefined);
    }
  };
}

/** Rows of `pinflow.door_refusal` grow during their minute: what was added since the last look is what happened. */
function makeRefusalPoll(statements: Query, kinds: readonly Kind[] | undefined, from: Date) {
  type Row = Omit<RefusalLine, 'type' | 'time'> & { minute: Date; lastAt: Date; updatedAt: Date };
  let counts = new Map<string, { minuteMs: number; count: number }>();
  let cursor = from;

  async function look(found: (row: Row, added: number) => Promise<void> | undefined): Promise<void> {
    const rows = await statements.query<Row>(refusalsSql, [cursor, refusalRowsMax, kinds ?? null]);
    for (const row of rows) {
      const place = [row.minute.getTime(), row.route, row.status, row.reason, row.keyId, row.source, row.kind].join('\n');
      const added = row.count - (counts.get(place)?.count ?? 0);
      counts.set(place, { minuteMs: row.minute.getTime(), count: row.count });
      if (added > 0) await found(row, added);
    }
    const last = rows.at(-1)?.updatedAt;
    if (last === undefined) return;
    // A full page goes on behind itself; otherwise the last seconds are looked at again.
    cursor = rows.length === refusalRowsMax ? last : new Date(Math.max(last.getTime() - lateMs, from.getTime()));
    if (counts.size > countsMax) {
      const settled = cursor.getTime() - settledMs;
      counts = new Map([...counts].filter(([, { minuteMs }]) => minuteMs > settled));
    }
  }

  return {
    /** Takes note of what was counted so far in the running minute. */
    async skip(): Promise<void> {
      cursor = new Date(from.getTime() - (from.getTime() % 60_000));
      await look(() => undefined);
      cursor = from;
    },
    poll: (emit: Emit) =>
      look(({ minute: _minute, updatedAt: _updatedAt, lastAt, ...row }, count) =>
        emit(textOfLine({ type: 'refusal', time: lastAt.toISOString(), ...row, count }), true),
      ),
  };
}

const refusalsSql = `
  SELECT minute, route, status, reason, count, key_id AS "keyId", source, nullif(kind, '') AS kind, last_request_id AS "requestId", last_message AS message,
    last_client AS client, last_at AS "lastAt", updated_at AS "updatedAt"
  FROM pinflow.door_refusal
  WHERE minute >= date_trunc('minute', $1::timestamptz) AND updated_at >= $1 AND ($3::text[] IS NULL OR kind = any($3))
  ORDER BY updated_at LIMIT $2`;

function makeRejectPoll(statements: Query, kinds: readonly Kind[], from: Date) {
  type Row = Omit<RejectLine, 'type' | 'time'> & { recordedAt: Date; recordedAtText: string };
  type Cursor = [recordedAt: string, topic: string, partition: number, offset: number];
  const begin: Cursor = [from.toISOString(), '', -1, -1];
  let cursor = begin;
  let seen = new Map<string, number>();

  async function poll(emit: Emit): Promise<void> {
    for (let page = 0; page < pagesMax; page++) {
      const rows = await statements.query<Row>(rejectsSql, [...cursor, kinds, rowsMax]);
      for (const { recordedAt, recordedAtText, ...row } of rows) {
        cursor = [recordedAtText, row.topic, row.partition, row.offset];
        const place = `${row.topic}/${row.partition}/${row.offset}`;
        if (seen.has(place)) continue;
        seen.set(place, recordedAt.getTime());
        await emit(textOfLine({ type: 'reject', time: recordedAt.toISOString(), ...row }), true);
      }
      if (rows.length === rowsMax) continue;
      const newest = rows.at(-1)?.recordedAt;
      if (newest === undefined) return;
      const againMs = Math.max(newest.getTime() - lateMs, from.getTime());
      cursor = [new Date(againMs).toISOString(), '', -1, -1];
      seen = new Map([...seen].filter(([, recordedMs]) => recordedMs >= againMs));
      return;
    }
  }

  return { poll };
}

// The time is needed to the microsecond, which a Date does not have.
const rejectsSql = `
  SELECT kind, topic, partition, "offset", reason, key_id AS "keyId", source, event_id AS "eventId", recorded_at AS "recordedAt",
    recorded_at::text AS "recordedAtText"
  FROM pinflow.stream_reject
  WHERE (recorded_at, topic, partition, "offset") > ($1::timestamptz, $2, $3, $4) AND kind = any($5)
  ORDER BY recorded_at, topic, partition, "offset" LIMIT $6`;
