import type { ComponentChildren } from 'preact';
import { useLive } from '#web/live/live.ts';
import { Problem } from './problem.tsx';

/** Draws an answer that goes on changing: what is known, and above it what is wrong with knowing it. */
export function LiveView<Value>({ title, path, children }: { title: string; path: string; children: (value: Value) => ComponentChildren }) {
  const { value, problem, isLost } = useLive<Value>(path);
  return (
    <>
      <h1>{title}</h1>
      {problem === undefined ? null : (
        <Problem title={value === undefined ? 'Nothing can be shown' : 'What is shown is of before'} message={problem.message} />
      )}
      {value === undefined ? problem === undefined && <p class="waiting">Asking …</p> : <div data-stale={isLost}>{children(value)}</div>}
    </>
  );
}
