/** What a tick of the batch schedule is started with: by the schedule, or by whoever wants that the ledger is looked at. */
export type TickInput = {
  prefix: string;
  /** The schedule's own interval and offset: a start off that grid is a manual one. */
  intervalMs: number;
  offsetMs: number;
  /** How long landing may be behind before an interval's run ends as `waiting`; it ends sooner where others want its room. */
  waitMs: number;
  /** How long a DuckDB process may stand still; the policy's where it is not told. */
  stallMs?: number;
  /** `open`: starts what is ready in the ledger, and neither cuts nor runs the last interval anew. */
  only?: 'open';
};
