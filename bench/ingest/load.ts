/** What a load generator saw. */
export type LoadResult = {
  seconds: number;
  /** Requests that were answered with 2xx. */
  answered: number;
  /** Requests that were answered with another status. */
  refused: number;
  /** Requests that got no answer, and connections that failed. */
  failed: number;
  /** Requests whose answers may not have been counted although the server worked on them when the generator stopped. */
  uncountedMax: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
};

/** Where the load goes. */
export type Aim = { url: string; path: string; contentType: string; linesPerRequest: number };

export const pinAim = { path: '/pin/', contentType: 'application/json', linesPerRequest: 1 } as const;
export const bulkAim = { path: '/events?kind=pin', contentType: 'application/x-ndjson', linesPerRequest: 1_000 } as const;
