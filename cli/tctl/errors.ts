import { CommanderError } from 'commander';
import { Failure } from '#domain/failures.ts';

/** Names of gRPC's status codes as Go writes them; the index is the code. */
const codeNames = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

/** Runs a request; what the server answers becomes `unable to <doing>: rpc error: code = NotFound desc = ...`. */
export async function doing<Result>(what: string, request: () => Promise<Result>): Promise<Result> {
  try {
    return await request();
  } catch (error) {
    // A wrong option, found while connecting.
    if (error instanceof CommanderError) throw error;
    throw new Failure('unavailable', `unable to ${what}: ${describe(error)}`, { cause: error });
  }
}

function describe(error: unknown): string {
  const { code, details } = error as { code?: unknown; details?: unknown };
  if (typeof code === 'number' && typeof details === 'string') return `rpc error: code = ${codeNames[code] ?? code} desc = ${details}`;
  return error instanceof Error ? error.message : String(error);
}
