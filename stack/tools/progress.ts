/** Reports of work that takes long: a line each with its elapsed seconds. */
export type Progress = {
  /** Begins a line; `done` ends it. Without `outcome` the line just goes. */
  begin(title: string): { retitle(title: string): void; done(outcome?: string): void };
};

const REPEAT_MS = 30_000;
const REDRAW_MS = 1_000;

/** On a terminal the lines are redrawn each second; elsewhere a line appears at the start, twice a minute, and at the end. */
export function makeProgress(stream: NodeJS.WriteStream): Progress {
  const running: { title: string; startedAt: number; saidAt: number }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let drawn = 0;

  const line = (entry: { title: string; startedAt: number }): string =>
    `${entry.title} ... ${Math.round((Date.now() - entry.startedAt) / 1000)} s\n`;
  const wipe = (): void => {
    if (drawn > 0) stream.write(`\u001B[${drawn}A\u001B[0J`);
    drawn = 0;
  };
  const redraw = (): void => {
    wipe();
    for (const entry of running) stream.write(line(entry));
    drawn = running.length;
  };
  const tick = (): void => {
    if (stream.isTTY) return redraw();
    for (const entry of running) {
      if (Date.now() - entry.saidAt < REPEAT_MS) continue;
      entry.saidAt = Date.now();
      stream.write(line(entry));
    }
  };
  return {
    begin(title) {
      const entry = { title, startedAt: Date.now(), saidAt: Date.now() };
      running.push(entry);
      if (stream.isTTY) redraw();
      else stream.write(`${title} ...\n`);
      timer ??= setInterval(tick, REDRAW_MS);
      return {
        retitle(next) {
          entry.title = next;
        },
        done(outcome) {
          running.splice(running.indexOf(entry), 1);
          if (running.length === 0) {
            clearInterval(timer);
            timer = undefined;
          }
          if (stream.isTTY) wipe();
          if (outcome !== undefined) stream.write(`${outcome} (${Math.round((Date.now() - entry.startedAt) / 1000)} s)\n`);
          if (stream.isTTY) redraw();
        },
      };
    },
  };
}
