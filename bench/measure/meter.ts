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
  const startedAt = performance.now();
  const before = hasProc() ? readAll(server, broker) : undefined;
  return () => {
    const wallS = (performance.now() - startedAt) / 1_000;
    if (before === undefined) return { wallS };
    const after = readAll(server, broker);
    const { rssBytes, pssBytes } = memoryOf(server);
    const [serverCpuS, brokerCpuS, generatorCpuS, machineS] = [
      after.server - before.server,
      after.broker - before.broker,
      after.own - before.own,
      after.machine - before.machine,
    ];
    return {
      wallS,
      serverCpuS,
      ...(broker.length === 0 ? {} : { brokerCpuS }),
      generatorCpuS,
      foreignCores: Math.max(0, (machineS - serverCpuS - brokerCpuS - generatorCpuS) / wallS),
      serverRssBytes: rssBytes,
      serverPssBytes: pssBytes,
    };
  };
}

function readAll(server: readonly number[], broker: readonly number[]) {
  return {
    server: cpuSecondsOf(server),
    broker: cpuSecondsOf(broker),
    own: ownCpuSeconds(server, broker),
    machine: machineCpuSeconds(),
  };
}

/** This process and its children without the server and the broker, which may be children too. */
function ownCpuSeconds(server: readonly number[], broker: readonly number[]): number {
  const others = server.includes(process.pid) ? [] : [...server, ...broker];
  return cpuSecondsOf([process.pid, ...others]) - cpuSecondsOf(others);
}
