import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { ApiProblem, fetchAnswer, problemOf } from './answer.ts';

/** What a view knows of an answer that goes on changing. The last value stays while the connection is lost. */
export type Live<Value> = { value: Value | undefined; problem: ApiProblem | undefined; isLost: boolean };

/** How the page hears of news; shown in its head. */
export const connection = signal<'none' | 'opening' | 'live' | 'lost'>('none');

const againMs = 3_000;

/**
 * Follows `<path>/live`, the server-sent form of `path`: each event is the whole answer. A stream that breaks is opened
 * again by the browser; where it is refused, `path` itself is asked for the reason, and later the stream again.
 */
export function useLive<Value>(path: string): Live<Value> {
  const [live, setLive] = useState<Live<Value>>({ value: undefined, problem: undefined, isLost: false });
  useEffect(() => {
    setLive({ value: undefined, problem: undefined, isLost: false });
    return follow<Value>(path, (change) => setLive((before) => ({ ...before, ...change })));
  }, [path]);
  return live;
}

function follow<Value>(path: string, tell: (change: Partial<Live<Value>>) => void): () => void {
  const ending = new AbortController();
  let source: EventSource;
  let timer = 0;
  const [place, query] = path.split('?');
  const open = (): void => {
    connection.value = 'opening';
    source = new EventSource(`${place}/live${query === undefined ? '' : `?${query}`}`);
    source.addEventListener('message', ({ data }: MessageEvent<string>) => {
      connection.value = 'live';
      tell({ value: JSON.parse(data) as Value, problem: undefined, isLost: false });
    });
    source.addEventListener('problem', ({ data }: MessageEvent<string>) => {
      connection.value = 'live';
      tell({ problem: new ApiProblem(503, JSON.parse(data) as string) });
    });
    source.addEventListener('error', () => {
      connection.value = 'lost';
      tell({ isLost: true });
      if (source.readyState === EventSource.CLOSED) void askWhy();
    });
  };
  const askWhy = async (): Promise<void> => {
    try {
      tell({ value: await fetchAnswer<Value>(path, { signal: ending.signal }), problem: undefined });
    } catch (error) {
      if (ending.signal.aborted) return;
      tell({ problem: problemOf(error) });
    }
    if (!ending.signal.aborted) timer = window.setTimeout(open, againMs);
  };
  open();
  return () => {
    ending.abort();
    source.close();
    window.clearTimeout(timer);
    connection.value = 'none';
  };
}
