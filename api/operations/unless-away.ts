import type { Refusal } from '#api/answers/refusal.ts';
import { overloaded } from '#api/answers/refusal.ts';
import { Failure } from '#domain/failures.ts';

/** What `work` says; where a server behind it is away for now, 503: by default in the failure's own words. */
export async function unlessAway<Said>(
  work: () => Promise<Said>,
  refuse: (failure: Failure) => Refusal = ({ message }) => overloaded(message.replace(/\.$/, '')),
): Promise<Said | Refusal> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Failure) || !error.canRetry) throw error;
    return refuse(error);
  }
}
