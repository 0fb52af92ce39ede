import { useCallback, useEffect, useState } from 'preact/hooks';
import type { ApiProblem } from './answer.ts';
import { fetchAnswer, problemOf } from './answer.ts';

/** An answer that is asked for once, and again on demand. */
export type Answered<Value> = { value: Value | undefined; problem: ApiProblem | undefined; isAsking: boolean; askAgain: () => void };

/** Asks whenever `path` changes; the last value stays until the next is there. Nothing is asked while `path` is undefined. */
export function useAnswer<Value>(path: string | undefined): Answered<Value> {
  const [state, setState] = useState<Omit<Answered<Value>, 'askAgain'>>({ value: undefined, problem: undefined, isAsking: true });
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (path === undefined) return undefined;
    const ending = new AbortController();
    setState((before) => ({ ...before, isAsking: true }));
    fetchAnswer<Value>(path, { signal: ending.signal }).then(
      (value) => setState({ value, problem: undefined, isAsking: false }),
      (error: unknown) => {
        if (ending.signal.aborted) return;
        setState((before) => ({ ...before, problem: problemOf(error), isAsking: false }));
      },
    );
    return () => ending.abort();
  }, [path, round]);
  return { ...state, askAgain: useCallback(() => setRound((before) => before + 1), []) };
}
