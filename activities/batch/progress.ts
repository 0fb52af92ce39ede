/** What a step is given by whoever runs it: a sign of life to give, and a wish to stop to heed. */
export type Progress = { signal: AbortSignal; beat: (details?: unknown) => void };

/** Of a step that nobody watches. */
export const unwatched: Progress = { signal: new AbortController().signal, beat: () => undefined };
