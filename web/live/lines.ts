import { useEffect, useState } from 'preact/hooks';
import { ApiProblem, ask } from './answer.ts';

/** The newest lines of an NDJSON answer that goes on, newest first by their time. */
export type Lines<Line> = { lines: readonly Line[]; problem: ApiProblem | undefined };

const againMs = 3_000;

/** Follows an NDJSON answer; what is kept is bounded by `linesMax`. A stream that breaks is opened again. */
export function useLines<Line extends { time: string }>(path: string, linesMax: number): Lines<Line> {
  const [state, setState] = useState<Lines<Line>>({ lines: [], problem: undefined });
  useEffect(() => {
    const ending = new AbortController();
    setState({ lines: [], problem: undefined });
    const add = (lines: Line[]): void =>
      // What came before the tail began comes a partition after the other.
      setState((before) => ({
        lines: [...lines, ...before.lines].toSorted((a, b) => (a.time < b.time ? 1 : -1)).slice(0, linesMax),
        problem: undefined,
      }));
    void (async () => {
      while (!ending.signal.aborted) {
        await readLines(path, ending.signal, add).catch((error: unknown) => {
          if (ending.signal.aborted) return;
          const problem = error instanceof ApiProblem ? error : new ApiProblem(0, 'The API does not answer; it is asked again.', error);
          setState((before) => ({ ...before, problem }));
        });
        await new Promise((resolve) => setTimeout(resolve, againMs));
      }
    })();
    return () => ending.abort();
  }, [path]);
  return state;
}

async function readLines<Line extends { time: string }>(path: string, signal: AbortSignal, add: (lines: Line[]) => void): Promise<void> {
  const { body } = await ask(path, { signal });
  let rest = '';
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n');
    rest = parts.pop() ?? '';
    // Lines without a time are about the tail itself.
    const lines = parts
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text) as Line)
      .filter((line) => 'time' in line);
    if (lines.length > 0) add(lines);
  }
}
