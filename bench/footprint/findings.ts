/** What one process of the stack, with those below it, uses at rest. */
export type AtRest = { name: string; cores: number; pssBytes: number };

/** `settleSeconds`: the servers compile and the first intervals close; what is measured is rest. */
export type Effort = { settleSeconds: number; seconds: number; commandRuns: number };

/** Seconds of each run of one command, from its start to its end. */
export type CommandTime = { command: string; seconds: readonly number[] };

export type Findings = {
  effort: Effort;
  /** From the start of the process, which finds everything built. */
  firstAckedSeconds: number;
  screenSeconds: number;
  atRest: readonly AtRest[];
  commands: readonly CommandTime[];
};
