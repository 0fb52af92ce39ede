import { useEffect, useRef } from 'preact/hooks';
import type { SqlTable } from '#domain/answers/sql.ts';
import type { SqlEditor } from './code-mirror.ts';

/** CodeMirror in a shadow tree: its styles are then no inline styles of the page, which the page's policy forbids. */
export function Editor({
  text,
  tables,
  onChange,
  onRun,
}: {
  text: string;
  tables: readonly SqlTable[];
  onChange: (text: string) => void;
  onRun: (text: string) => void;
}) {
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<SqlEditor>(undefined);
  const calls = useRef({ onChange, onRun });
  calls.current = { onChange, onRun };
  const now = useRef(text);
  now.current = text;

  useEffect(() => {
    let isGone = false;
    void import('./code-mirror.ts').then(({ openEditor }) => {
      if (isGone) return;
      editor.current = openEditor(place.current!, now.current, {
        change: (changed) => calls.current.onChange(changed),
        run: (sql) => calls.current.onRun(sql),
      });
      editor.current.know(tables);
    });
    return () => {
      isGone = true;
      editor.current?.close();
    };
  }, []);
  useEffect(() => editor.current?.show(text), [text]);
  useEffect(() => editor.current?.know(tables), [tables]);
  return <div class="editor" ref={place} />;
}
