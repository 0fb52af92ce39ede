import { recordProblem } from '#activities/reader/checkpoints.ts';
import type { OwnedPartition } from '#activities/reader/sink.ts';
import type { DeadlyRange } from '#activities/stream/clean-tries.ts';
import { beginTry, failTry, forgetTries, readDeadlyRanges } from '#activities/stream/clean-tries.ts';
import { assertCleansSample } from '#activities/stream/known-good.ts';
import type { Cleaning } from '#adapters/duckdb/lasting-cleaner.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { failureKindOf } from '#domain/failures.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { LogRecord } from '#domain/terms.ts';

/** Deaths of one record, tried alone, after which it is the record. */
export const deathsMax = 3;
/** Deaths in a row, without one commit between, that make the records suspicious: one is a kill -9 as any other. */
const suspiciousDeaths = 2;
/**
 * Records of a try after that, and into how many a part that was deadly is cut. A try costs 50 to 150 ms in a process that has
 * just begun: with small parts from the start the reader would need longer for its backlog than for the way back.
 */
const partRows = 512;
const cutInto = 8;

/**
 * Care after deaths. Processes that died in a row while they held the partition may have died of the records at its checkpoint: a
 * crash of the native engine asks nobody. So the first batch's worth of records is tried in small parts, each alone in its
 * process and noted beforehand; a part that is found noted by a process that is gone was deadly and is tried in smaller ones,
 * down to single records. It may as well have been ended by a second kill -9, so the way down is not record by record at once.
 * That costs nothing after a kill -9 that is followed by a commit.
 */
export type Care = {
  rowsLeft: number;
  deadly: DeadlyRange[];
  /** What is said before the first try; undefined once the partition moved on. Where nothing comes to be tried, nothing stands still. */
  problem: string | undefined;
};

/** The care that a partition just taken needs, if any. */
export async function takeCare(postgres: Postgres, owned: OwnedPartition, batchRows: number): Promise<Care | undefined> {
  if (owned.deaths === 0) return undefined;
  const deadly = await readDeadlyRanges(postgres, owned);
  if (owned.deaths < suspiciousDeaths && deadly.length === 0) return undefined;
  const problem = `${owned.deaths} processes in a row ended in the middle of their work at offset ${owned.nextOffset}. Its records are tried in small parts until the one that ends them is found; it becomes a dead letter.`;
  return { rowsLeft: batchRows, deadly, problem };
}

export type CarefulWork = {
  postgres: Postgres;
  owned: OwnedPartition;
  kind: Kind;
  apply(records: LogRecord[], cleaning: Cleaning): Promise<void>;
  /** Buries the one record that kills. */
  bury(record: LogRecord): Promise<void>;
};

/** Applies records in small parts, as Care says. */
export async function applyWithCare(cleaning: Cleaning, care: Care, work: CarefulWork, records: LogRecord[]): Promise<void> {
  if (care.problem !== undefined) await recordProblem(work.postgres, 'stream', work.owned, care.problem);
  for (let rest = records; rest.length > 0;) {
    const at = rest[0]!.offset;
    const suspect = narrowestOf(care.deadly, at) !== undefined;
    const part = nextPart(care.deadly, rest, records);
    const range = { first: at, last: part.at(-1)!.offset };
    const deaths = care.deadly.find(({ first, last }) => first === at && last === at)?.deaths ?? 0;
    await cleaning.alone(async (alone) => {
      if (suspect) await assertCleansSample(alone.clean, work.kind);
      if (suspect && deaths >= deathsMax) return work.bury(part[0]!);
      await beginTry(work.postgres, work.owned, range);
      await work.apply(part, alone).catch((error: unknown) => endFailedTry(work, range, error));
    });
    await forgetTries(work.postgres, { ...work.owned, from: at, to: range.last + 1 });
    if (care.problem !== undefined) await recordProblem(work.postgres, 'stream', work.owned, null);
    care.problem = undefined;
    care.rowsLeft -= part.length;
    rest = rest.slice(part.length);
  }
}

/** The smallest deadly range that holds an offset: one that was cut is there beside its parts. */
function narrowestOf(deadly: readonly DeadlyRange[], offset: number): DeadlyRange | undefined {
  const holding = deadly.filter(({ first, last }) => first <= offset && offset <= last);
  return holding.toSorted((one, other) => one.last - one.first - (other.last - other.first))[0];
}

/**
 * Cut by the records that are there, not by offsets: of those a compacted log or an aborted transaction leaves most without a
 * record, and a part must be smaller than the range that was deadly. A range is noted from a record to a record, so that of a
 * single one holds one offset.
 * @param records all that were handed in: a range whose first parts have passed is not cut ever finer.
 */
function nextPart(deadly: readonly DeadlyRange[], rest: LogRecord[], records: readonly LogRecord[]): LogRecord[] {
  const range = narrowestOf(deadly, rest[0]!.offset);
  if (range === undefined) return rest.slice(0, partRows);
  const isWithin = ({ offset }: LogRecord): boolean => range.first <= offset && offset <= range.last;
  const rows = Math.max(1, Math.floor(records.filter(isWithin).length / cutInto));
  return rest.slice(0, rows).filter(isWithin);
}

/** Where Postgres is what failed it cannot be told; a try of a process that lives counts for nothing anyway. */
async function endFailedTry({ postgres, owned }: CarefulWork, range: { first: number; last: number }, error: unknown): Promise<never> {
  const kind = failureKindOf(error);
  if (kind !== 'unavailable' && kind !== 'timeout') await failTry(postgres, owned, range);
  throw error;
}
