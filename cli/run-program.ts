import { Command, CommanderError } from 'commander';
import { Failure } from '#domain/failures.ts';
import { exitCodes } from './exit-codes.ts';

/** A commander program that throws instead of ending the process, so that this file alone decides on exit codes. */
export function makeProgram(name: string): Command {
  return new Command(name)
    .exitOverride()
    .showHelpAfterError(false)
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help');
}

const usageErrorCode = 'pinflow.usage';

/** Wrong usage that is found after commander's own checks. */
export function usageError(message: string): CommanderError {
  return new CommanderError(1, usageErrorCode, message);
}

export type RunOptions = {
  /** Exit code of wrong usage. */
  usageCode?: number;
  /** Put before messages on stderr. */
  prefix?: string;
};

/**
 * Runs the program and ends the process: with the code that the command set, `usageCode` for wrong usage, 1 for a
 * failure. Standard output is drained first: a pipe's reader gets every line.
 */
export async function runProgram(program: Command, args: readonly string[], options: RunOptions = {}): Promise<never> {
  // `pinflow ... | head`: the reader has seen enough, which is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = reportError(error, { usageCode: exitCodes.wrongUsage, prefix: `${program.name()}: `, ...options });
  }
  // Clients keep timers and sockets for a while after they are closed.
  return new Promise<never>(() => {
    process.stdout.write('', () => process.exit());
  });
}

/** Says what went wrong in one sentence; commander has printed its own errors. Returns the exit code. */
function reportError(error: unknown, { usageCode, prefix }: Required<RunOptions>): number {
  if (error instanceof CommanderError) {
    if (error.code === usageErrorCode) process.stderr.write(`${prefix}${error.message}\n`);
    return error.exitCode === 0 || error.code === 'commander.help' ? exitCodes.done : usageCode;
  }
  // A stack trace helps only with errors of the program itself.
  const text = error instanceof Failure ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${prefix}${text}\n`);
  return exitCodes.failed;
}
