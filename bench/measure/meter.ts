import { cpuSecondsOf, hasProc, machineCpuSeconds, memoryOf } from '#bench/measure/processes.ts';

/** Roots of the process trees whose shares are told apart; what this process starts and waits for is the generator. */
export type Metered = { server: readonly number[]; broker: readonly number[] };

/** What a run cost. Absent where the machine does not tell (no /proc, or a broker elsewhere). */
export type Usage = {
  wallS: number;
  serverCpuS?: number;
  brokerCpuS?: number;
  /** This process and the load generators that it started. */
  generatorCpuS?: number;
  /** Cores that were busy with something else, on average. */
  foreignCores?: number;
  serverRssBytes?: number;
  serverPssBytes?: number;
};

/** Begins to count; the returned function ends it. The broker's share is part of the foreign load where it cannot be seen. */
export function startMeter({ server, broker }: Metered): () => Usage {
  const stop = startPartsMeter({ server, broker });
  return () => {
    const { wallS, seen } = stop();
    if (seen === undefined) return { wallS };
    const { rssBytes, pssBytes } = memoryOf(server);
    return {
      wallS,
      serverCpuS: seen.cpuS.server,
      ...(broker.length === 0 ? {} : { brokerCpuS: seen.cpuS.broker }),
      generatorCpuS: seen.ownCpuS,
      foreignCores: seen.foreignCores,
      serverRssBytes: rssBytes,
      serverPssBytes: pssBytes,
    };
  };
}

/** What some process trees used. `seen` is absent where the machine does not tell (no /proc). */
export type PartsUsage<Part extends string> = {
  wallS: number;
  seen?: {
    cpuS: Record<Part, number>;
    /** This process and what it started, without the parts. */
    ownCpuS: number;
    /** Cores that were busy with something else, on average. */
    foreignCores: number;
  };
};

/** Begins to count trees of any names, given by their roots; the returned function ends it. */
export function startPartsMeter<Part extends string>(parts: Record<Part, readonly number[]>): () => PartsUsage<Part> {
  const startedAt = performance.now();
  const before = hasProc() ? readAll(parts) : undefined;
  return () => {
    const wallS = (performance.now() - startedAt) / 1_000;
    if (before === undefined) return { wallS };
    const after = readAll(parts);
    const names = Object.keys(parts) as Part[];
    const cpuS = Object.fromEntries(names.map((name) => [name, after.parts[name] - before.parts[name]])) as Record<Part, number>;
    const ownCpuS = after.own - before.own;
    const known = names.reduce((sum, name) => sum + cpuS[name], ownCpuS);
    return { wallS, seen: { cpuS, ownCpuS, foreignCores: Math.max(0, (after.machine - before.machine - known) / wallS) } };
  };
}

function readAll<Part extends string>(parts: Record<Part, readonly number[]>) {
  const trees = Object.entries<readonly number[]>(parts);
  return {
    parts: Object.fromEntries(trees.map(([name, roots]) => [name, cpuSecondsOf(roots)])) as Record<Part, number>,
    own: ownCpuSeconds(trees.flatMap(([, roots]) => roots)),
    machine: machineCpuSeconds(),
  };
}

/** This process and its children without `roots`, which may be children too. */
function ownCpuSeconds(roots: readonly number[]): number {
  const others = roots.includes(process.pid) ? [] : roots;
  return cpuSecondsOf([process.pid, ...others]) - cpuSecondsOf(others);
}
