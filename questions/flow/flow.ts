import type { Statements } from '#adapters/postgres.ts';
import type { Flow, Station } from '#domain/answers/flow.ts';
import { stationNames } from '#domain/answers/flow.ts';
import type { Offsets } from '#domain/answers/offsets.ts';
import type { Accounts, Reached } from '#domain/flow/edges.ts';
import { edgesOf, rateMs, reachedOf } from '#domain/flow/edges.ts';
import { stationsOf } from '#domain/flow/stations.ts';
import type { AccountDependencies } from '#questions/flow/accounts.ts';
import { readAccounts, readPublishRate } from '#questions/flow/accounts.ts';
import type { Status } from '#questions/status.ts';

export type FlowDependencies = AccountDependencies & {
  postgres: Pick<Statements, 'query'>;
  lookAtOffsets: () => Promise<Offsets>;
  lookAtStatus: () => Promise<Status>;
  /** Why the door of this process takes no events; empty where it does. */
  readiness: () => Promise<{ reasons: readonly string[] }>;
};

const looksMs = Math.max(...Object.values(rateMs));
/** How often the parts are looked at, and the accounts added up: dearer than the offsets, and slower to change. */
const slowEveryMs = 5_000;

type Slow = { status: Status; accounts: Accounts | null; published: { records: number; clean: number } | null };

/**
 * Makes the look at all that flows. Each look reads the offsets; how the parts are is looked at beside it, every few
 * seconds, and the newest is told.
 */
export function makeFlowLook(dependencies: FlowDependencies): () => Promise<Flow> {
  let looks: Reached[] = [];
  let slow: Slow | undefined;
  let slowAtMs = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  function lookSlowly(): Promise<void> {
    looking ??= readSlow(dependencies)
      .then((found) => {
        slow = found;
        slowAtMs = performance.now();
      })
      .finally(() => (looking = undefined));
    return looking;
  }

  return async () => {
    const isOld = performance.now() - slowAtMs > slowEveryMs;
    // Whoever has nothing yet waits for the first look.
    if (isOld && slow === undefined) await lookSlowly();
    else if (isOld) void lookSlowly().catch(() => undefined); // The next look that finds nothing says why.
    const offsets = await dependencies.lookAtOffsets().catch(() => undefined);
    if (offsets !== undefined) {
      const reached = reachedOf(offsets);
      looks = [...looks.filter(({ atMs }) => reached.atMs - atMs <= looksMs), reached];
    } else looks = [];
    return {
      at: new Date().toISOString(),
      stations: slow === undefined ? stationNames.map(unknown) : stationsOf(slow.status, await dependencies.readiness()),
      edges: edgesOf(looks, slow?.published ?? null, slow?.accounts ?? null),
      problems: slow?.status.problems ?? null,
    };
  };
}

function unknown(name: Station['name']): Station {
  return { name, state: 'unknown', says: 'not looked at yet' };
}

async function readSlow(dependencies: FlowDependencies): Promise<Slow> {
  const [status, accounts, published] = await Promise.all([
    dependencies.lookAtStatus(),
    // The status says what cannot be reached.
    readAccounts(dependencies).catch(() => null),
    readPublishRate(dependencies.postgres).catch(() => null),
  ]);
  return { status, accounts, published };
}
