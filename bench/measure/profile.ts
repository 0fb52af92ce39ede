import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { show } from '#bench/measure/numbers.ts';
import { plainTable } from '#cli/plain-table.ts';

/** A CPU profile as V8 writes it (`.cpuprofile`): samples point at nodes, times are microseconds. */
export type CpuProfile = {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  startTime: number;
  endTime: number;
};

export type SelfTime = { name: string; seconds: number };

/** Where time may go; the first pattern that fits the place of a function counts. */
export type Groups = readonly (readonly [name: string, place: RegExp])[];

const functionsShown = 30;

/**
 * Profiles a Node process that listens for an inspector (`--inspect=127.0.0.1:<port>`) while `work` runs.
 * Sampling each 200 us costs the process a few percent.
 */
export async function profileNode(port: number, work: () => Promise<unknown>): Promise<CpuProfile> {
  const [listed] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { webSocketDebuggerUrl: string }[];
  const socket = new WebSocket(listed!.webSocketDebuggerUrl);
  await heard(socket, 'open');
  const ask = async <Result>(id: number, method: string, params: object = {}): Promise<Result> => {
    socket.send(JSON.stringify({ id, method, params }));
    for (;;) {
      const { data } = (await heard(socket, 'message')) as MessageEvent;
      const answer = JSON.parse(data as string) as { id?: number; result: Result };
      if (answer.id === id) return answer.result;
    }
  };
  try {
    await ask(1, 'Profiler.enable');
    await ask(2, 'Profiler.setSamplingInterval', { interval: 200 });
    await ask(3, 'Profiler.start');
    await work();
    const { profile } = await ask<{ profile: CpuProfile }>(4, 'Profiler.stop');
    return profile;
  } finally {
    socket.close();
    // The closing handshake needs a turn; without it the process waits for its debugger at its end.
    await sleep(50);
  }
}

function heard(socket: WebSocket, event: 'open' | 'message'): Promise<Event> {
  return new Promise((resolve, reject) => {
    socket.addEventListener(event, resolve, { once: true });
    socket.addEventListener('error', () => reject(new Error('The inspector of the profiled process does not answer.')), { once: true });
  });
}

/**
 * Adds up self times, most first: of functions, and of the groups that `groupOf` makes of places. Idle time is left out.
 * Samples count alike: the time between two of them also holds what other processes had of the core.
 */
export function selfTimes(
  profile: CpuProfile,
  groupOf: (functionName: string, place: string) => string,
): { functions: SelfTime[]; groups: SelfTime[] } {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const functions = new Map<string, number>();
  const groups = new Map<string, number>();
  const add = (sums: Map<string, number>, name: string, us: number): unknown => sums.set(name, (sums.get(name) ?? 0) + us);
  const us = (profile.endTime - profile.startTime) / profile.samples.length;
  for (const id of profile.samples) {
    const { functionName, url, lineNumber } = frames.get(id)!;
    if (functionName === '(idle)') continue;
    const place = url.startsWith('file:') ? fileURLToPath(url) : url;
    add(functions, `${functionName || '(anonymous)'} ${shortened(place)}${place === '' ? '' : `:${lineNumber + 1}`}`.trim(), us);
    add(groups, groupOf(functionName, place), us);
  }
  const sorted = (sums: Map<string, number>): SelfTime[] =>
    [...sums].map(([name, us]) => ({ name, seconds: us / 1e6 })).sort((left, right) => right.seconds - left.seconds);
  return { functions: sorted(functions), groups: sorted(groups) };
}

/** Self times as text: of groups, then of the functions that take most. */
export function selfTimeTables(profile: CpuProfile, groups: Groups): string {
  const times = selfTimes(profile, (functionName, place) => groupOf(groups, functionName, place));
  const busy = times.groups.reduce((sum, { seconds }) => sum + seconds, 0);
  const table = (name: string, rows: readonly SelfTime[]): string =>
    plainTable(
      ['%', 's', name],
      rows.map(({ name, seconds }) => [show((seconds / busy) * 100, 1), show(seconds, 2), name]),
    );
  return `${table('group', times.groups)}\n\n${table('function', times.functions.slice(0, functionsShown))}`;
}

function groupOf(groups: Groups, functionName: string, place: string): string {
  // (garbage collector), (program): V8 and the system below it.
  if (place === '') return functionName.startsWith('(') ? functionName : '(native)';
  return groups.find(([, pattern]) => pattern.test(place))?.[0] ?? 'other';
}

function shortened(place: string): string {
  return place.replace(/^.*\/node_modules\//, '').replace(`${process.cwd()}/`, '');
}
