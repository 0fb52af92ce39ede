/** What a step is given by whoever runs it. */
export type Progress = {
  /** A wish to stop, to be heeded. */
  signal: AbortSignal;
  /** Tells how far it is: real figures, which people see beside the step until the next ones. */
  beat: (details?: unknown) => void;
  /** How long a DuckDB process of the step may stand still; undefined: for ever. */
  stallMs?: number | undefined;
};

/** Of a step that nobody watches. */
export const unwatched: Progress = { signal: new AbortController().signal, beat: () => undefined };
