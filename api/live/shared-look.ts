/** Hears each look, as the text of its JSON, or why there is none. */
export type Hear = (heard: { text: string } | { problem: string }) => void;

/** One look for all who watch, however many they are; nobody looks while nobody watches. */
export type SharedLook = {
  /** The newest look if it is fresh, else one of now. @throws what the look throws. */
  ask(): Promise<string>;
  /** @returns what ends the hearing. */
  listen(hear: Hear): () => void;
};

/**
 * Looks every `everyMs` while somebody listens; the next look begins when one has ended, so that a slow one does not pile
 * up. `explain` makes a sentence of what a look throws.
 */
export function makeSharedLook(options: {
  look: () => Promise<unknown>;
  everyMs: number;
  explain: (error: unknown) => string;
}): SharedLook {
  const listeners = new Set<Hear>();
  let newest: { text: string; atMs: number } | undefined;
  let looking: Promise<string> | undefined;
  /** Of the next tick; undefined while one is under way, and where nobody listens. */
  let timer: NodeJS.Timeout | undefined;
  let isTicking = false;

  function look(): Promise<string> {
    looking ??= options
      .look()
      .then((value) => {
        newest = { text: JSON.stringify(value), atMs: performance.now() };
        return newest.text;
      })
      .finally(() => (looking = undefined));
    return looking;
  }

  function tickIn(ms: number): void {
    isTicking = true;
    timer = setTimeout(() => void tick(), ms).unref();
  }

  async function tick(): Promise<void> {
    timer = undefined;
    const heard: Parameters<Hear>[0] = await look().then(
      (text) => ({ text }),
      (error: unknown) => ({ problem: options.explain(error) }),
    );
    for (const hear of listeners) hear(heard);
    if (listeners.size > 0) tickIn(options.everyMs);
    else isTicking = false;
  }

  const fresh = (): { text: string } | undefined =>
    newest !== undefined && performance.now() - newest.atMs < options.everyMs ? newest : undefined;

  return {
    ask: () => {
      const found = fresh();
      return found === undefined ? look() : Promise.resolve(found.text);
    },
    listen(hear) {
      listeners.add(hear);
      const found = fresh();
      if (found !== undefined) hear(found);
      if (!isTicking) tickIn(found === undefined ? 0 : options.everyMs);
      return () => {
        listeners.delete(hear);
        if (listeners.size > 0 || timer === undefined) return;
        clearTimeout(timer);
        timer = undefined;
        isTicking = false;
      };
    },
  };
}
