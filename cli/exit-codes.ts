/** What the command line's exit codes mean; printed by `--help`. */
export const exitCodes = {
  done: 0,
  failed: 1,
  wrongUsage: 2,
  /** Of `status`: it could look, and something is down, stands still or is held. */
  notWell: 3,
  /** Ended by Ctrl-C before it was done. */
  interrupted: 130,
} as const;

export const exitCodesHelp = `
Exit codes:
  0  done
  1  failed; the reason is on stderr
  2  wrong usage: unknown command, option or value
  3  status: something is down, stands still or is held`;
