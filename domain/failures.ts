/**
 * The closed list of what can go wrong while the program is right. Adapters translate driver errors into these once;
 * nobody else looks at driver codes. `retry` says whether trying the same thing again at once can help; `cause` where the
 * cause lies: `outside` heals when somebody or something else does (a server, a key, a setting, room), so whoever has time
 * tries again for ever; in the `data` it stays until a person decides, in the `code` until a person mends it.
 */
export const failureKinds = {
  /** The other side cannot be reached, or closed the connection. */
  unavailable: { retry: true, cause: 'outside' },
  /** The other side did not answer in time: it may have done the work. */
  timeout: { retry: true, cause: 'outside' },
  /** Serialization failure, deadlock, lost race: the same statement may succeed now. */
  conflict: { retry: true, cause: 'outside' },
  /** The other side has no room (disk, connections). A retry helps once someone made room. */
  exhausted: { retry: true, cause: 'outside' },
  /** What must be there first is not there yet (a range that is not landed). */
  not_ready: { retry: true, cause: 'outside' },
  /** Another owner took over. An ordinary event: stop, do not fail. */
  fenced: { retry: false, cause: 'outside' },
  /** The named thing does not exist. */
  missing: { retry: false, cause: 'outside' },
  /** The named thing exists already (put-if-absent lost). */
  exists: { retry: false, cause: 'outside' },
  /** Credentials or rights are wrong. */
  denied: { retry: false, cause: 'outside' },
  /** The other side refuses this very data, and always will. Only this kind, named by the other side, may cost a record its place, and only where one that is known to be good passes. */
  invalid_data: { retry: false, cause: 'data' },
  /**
   * The program is wrong, or does not fit what it runs against: SQL that cannot be bound, a table that is not there. It says
   * nothing about the data. A reader holds its checkpoint and goes on by itself once the program is mended.
   */
  fault: { retry: false, cause: 'code' },
  /** The engine that works on the data died of it, or took its process along. Where it happens again, the data may be the cause. */
  crashed: { retry: true, cause: 'code' },
  /** A stored offset is no longer in Kafka: records are lost, a person must decide. */
  offset_lost: { retry: false, cause: 'data' },
  /** A check of the results failed: the previous generation goes on serving. */
  check_failed: { retry: false, cause: 'data' },
  /** A setting is missing or wrong. */
  configuration: { retry: false, cause: 'outside' },
} as const satisfies Record<string, { retry: boolean; cause: FailureCause }>;

export type FailureKind = keyof typeof failureKinds;

/** Where a failure's cause lies. What is none of the kinds above lies in the `code`, too. */
export type FailureCause = 'outside' | 'data' | 'code';

/** The cause of a kind by its name, as it comes from another process; a name that is no kind means `code`. */
export function causeOfKind(kind: string | null | undefined): FailureCause {
  return typeof kind === 'string' && Object.hasOwn(failureKinds, kind) ? failureKinds[kind as FailureKind].cause : 'code';
}

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
