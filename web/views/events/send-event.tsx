import { useEffect, useState } from 'preact/hooks';
import type { Followed } from '#domain/answers/follow.ts';
import type { EventSample } from '#domain/answers/sample.ts';
import { ask, fetchAnswer } from '#web/live/answer.ts';
import { useAnswer } from '#web/live/answered.ts';
import { Problem } from '#web/parts/problem.tsx';

type Place = { kind: string; partition: number; offset: number };

const followEveryMs = 500;

/** Sends a test event as a client does, and follows it until it is in Postgres and in the lake. */
export function SendEvent() {
  const { value: sample, askAgain } = useAnswer<EventSample>('/api/follow/sample');
  const [text, setText] = useState('');
  const [sent, setSent] = useState<Place>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    if (sample !== undefined) setText(JSON.stringify(sample.event, null, 2));
  }, [sample]);
  const send = async (): Promise<void> => {
    setProblem(undefined);
    setSent(undefined);
    try {
      setSent(await post(sample!, text));
      askAgain();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <details class="card send">
      <summary>Send a test {sample?.kind ?? 'event'}</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <label>
          POST {sample?.path}
          <textarea rows={12} value={text} spellcheck={false} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <button class="main" disabled={sample === undefined}>
          Send
        </button>
      </form>
      {problem === undefined ? null : <Problem title="The door refused it" message={problem} />}
      {sent === undefined ? null : <Way place={sent} key={`${sent.partition}/${sent.offset}`} />}
    </details>
  );
}

/** @returns where the record is, as the receipt says. */
async function post({ path, kind }: EventSample, text: string): Promise<Place> {
  const response = await ask(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: text });
  const receipt = response.headers.get('Pinflow-Receipt') ?? '';
  const place = (name: string): number => Number(new RegExp(`\\b${name}=(\\d+)`).exec(receipt)?.[1]);
  return { kind, partition: place('partition'), offset: place('offset') };
}

const titles = { kafka: 'In Kafka', postgres: 'In Postgres', raw: 'In a raw object', lake: 'In the lake' };

function Way({ place: { kind, partition, offset } }: { place: Place }) {
  const [followed, setFollowed] = useState<Followed>();
  useEffect(() => {
    let timer = 0;
    let isGone = false;
    const ask = async (): Promise<void> => {
      const answer = await fetchAnswer<Followed>(
        `/api/follow?${new URLSearchParams({ kind, partition: String(partition), offset: String(offset) }).toString()}`,
      ).catch(() => undefined);
      if (isGone) return;
      if (answer !== undefined) setFollowed(answer);
      if (answer?.steps.every(({ isDone }) => isDone) !== true) timer = window.setTimeout(() => void ask(), followEveryMs);
    };
    void ask();
    return () => {
      isGone = true;
      window.clearTimeout(timer);
    };
  }, []);
  return (
    <ol class="way" aria-live="polite">
      {(followed?.steps ?? []).map(({ name, isDone, says }) => (
        <li key={name} data-step={name} data-done={isDone}>
          <strong>{titles[name]}</strong> <span class="quiet">{says}</span>
        </li>
      ))}
    </ol>
  );
}
