import { Failure } from '#domain/failures.ts';

/**
 * An error as the fault that it is: what comes as no Failure is a mistake of the program. Its message may quote event data
 * and stays behind; its class and the place where it was thrown do not.
 */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { name, stack } = error instanceof Error ? error : { name: typeof error, stack: undefined };
  const place = /^ +at (?:.*\()?(?:file:\/\/)?(?:.*\/)?((?:domain|adapters|activities)\/[^\s)]+)\)?$/m.exec(stack ?? '')?.[1];
  return new Failure('fault', `An unexpected ${name}${place === undefined ? '' : ` at ${place}`}.`);
}

/** What a person reads of a partition that stands still because of a fault. */
export function faultProblem({ message }: Failure): string {
  return `${message} This is a fault of the program or of its tables, not of the data: the checkpoint holds, nothing is skipped, and reading goes on by itself once it is mended.`;
}
