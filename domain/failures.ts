/**
 * The closed list of what can go wrong while the program is right. Adapters translate driver errors into these once;
 * nobody else looks at driver codes. `retry` says whether trying the same thing again can help.
 */
export const failureKinds = {
  /** The other side cannot be reached, or closed the connection. */
  unavailable: { retry: true },
  /** The other side did not answer in time: it may have done the work. */
  timeout: { retry: true },
  /** Serialization failure, deadlock, lost race: the same statement may succeed now. */
  conflict: { retry: true },
  /** The other side has no room (disk, connections). A retry helps once someone made room. */
  exhausted: { retry: true },
  /** What must be there first is not there yet (a range that is not landed). */
  not_ready: { retry: true },
  /** Another owner took over. An ordinary event: stop, do not fail. */
  fenced: { retry: false },
  /** The named thing does not exist. */
  missing: { retry: false },
  /** The named thing exists already (put-if-absent lost). */
  exists: { retry: false },
  /** Credentials or rights are wrong. */
  denied: { retry: false },
  /** The sink refuses this very data, and always will. */
  invalid_data: { retry: false },
  /** A stored offset is no longer in Kafka: records are lost, a person must decide. */
  offset_lost: { retry: false },
  /** A check of the results failed: the previous generation goes on serving. */
  check_failed: { retry: false },
  /** A setting is missing or wrong. */
  configuration: { retry: false },
} as const;

export type FailureKind = keyof typeof failureKinds;

/** An operating error. The message is a sentence: what was found, what was expected, what to do. Never event data. */
export class Failure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'Failure';
    this.kind = kind;
  }

  get canRetry(): boolean {
    return failureKinds[this.kind].retry;
  }
}

/** The failure's kind, or undefined for programmer errors. */
export function failureKindOf(error: unknown): FailureKind | undefined {
  return error instanceof Failure ? error.kind : undefined;
}
