/** What Ctrl-C and its like mean to a process that has others to stop. */
export type StopRequest = {
  /** Aborts at the first request. */
  signal: AbortSignal;
  /** Runs at a second request: stop at once. */
  onInsist(act: () => void): void;
};

/** One Ctrl-C arrives twice when a terminal and an npm above us both pass it on. */
const SAME_REQUEST_MS = 400;

/** The reason of the abort: not a failure, the user wants to end. */
export class Stopped extends Error {
  constructor(by: NodeJS.Signals) {
    super(`Stopped by ${by}.`);
    this.name = 'Stopped';
  }
}

/** Turns SIGINT, SIGTERM and SIGHUP into an abort; a second one, a moment later, into insistence. */
export function listenForStop(): StopRequest {
  const controller = new AbortController();
  let firstAt: number | undefined;
  let insist = (): void => undefined;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (firstAt === undefined) {
        firstAt = Date.now();
        controller.abort(new Stopped(name));
      } else if (Date.now() - firstAt > SAME_REQUEST_MS) insist();
    });
  }
  return {
    signal: controller.signal,
    onInsist: (act) => {
      insist = act;
    },
  };
}
