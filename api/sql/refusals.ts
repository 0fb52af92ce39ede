import type { Refusal } from '#api/answers/refusal.ts';
import { overloaded } from '#api/answers/refusal.ts';
import type { Failure } from '#domain/failures.ts';

/** What is wrong with a statement is said in the engine's words; it may quote the statement, and rows that its author may read. */
export function refuseStatement({ kind, message }: Failure): Refusal {
  const said = message.replace(/\.$/, '');
  if (kind === 'invalid_data') return { status: 422, reason: 'invalid_statement', message: said };
  if (kind === 'timeout') return { status: 504, reason: 'statement_too_long', message: said };
  return overloaded(said);
}
