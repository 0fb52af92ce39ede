import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { fetchAnswer } from '#web/live/answer.ts';

/** A button that changes something: it asks once more, does it, and says how it went. */
export function Confirm({
  label,
  question,
  path,
  done,
  body,
}: {
  label: string;
  question: ComponentChildren;
  path: string;
  done: string;
  body?: object;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [said, setSaid] = useState<{ text: string; isProblem: boolean }>();
  const [isBusy, setBusy] = useState(false);
  const act = async (): Promise<void> => {
    dialog.current!.close();
    setBusy(true);
    try {
      const init = body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
      await fetchAnswer(path, { method: 'POST', ...init });
      setSaid({ text: done, isProblem: false });
    } catch (error) {
      setSaid({ text: (error as Error).message, isProblem: true });
    } finally {
      setBusy(false);
    }
  };
  return (
    <span class="confirm">
      <button type="button" disabled={isBusy} onClick={() => dialog.current!.showModal()}>
        {label}
      </button>
      <span role="status" data-problem={said?.isProblem === true}>
        {said?.text}
      </span>
      <dialog ref={dialog} aria-label={label}>
        <p>{question}</p>
        <form method="dialog">
          <button type="button" class="main" onClick={() => void act()}>
            {label}
          </button>
          <button type="submit">Leave it</button>
        </form>
      </dialog>
    </span>
  );
}
