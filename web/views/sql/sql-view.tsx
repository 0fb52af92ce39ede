import './sql.css';
import { useLocation } from 'preact-iso';
import { useRef, useState } from 'preact/hooks';
import type { SqlAnswer, SqlDesk } from '#domain/answers/sql.ts';
import { fetchAnswer } from '#web/live/answer.ts';
import { useAnswer } from '#web/live/answered.ts';
import { Problem } from '#web/parts/problem.tsx';
import { Editor } from './editor.tsx';
import { History, remember } from './history.tsx';
import { ResultView } from './result-view.tsx';
import { SchemaTree } from './schema-tree.tsx';

/** Questions to the lake in DuckDB's SQL; the statement stands in the link. */
export function SqlView() {
  const { query, route } = useLocation();
  const { value: desk, problem: deskProblem } = useAnswer<SqlDesk>('/api/sql');
  const [text, setText] = useState(query['sql'] ?? '');
  const [state, setState] = useState<{ answer?: SqlAnswer; problem?: string }>({});
  const running = useRef<AbortController>(undefined);
  const [isRunning, setRunning] = useState(false);

  const run = async (sql: string): Promise<void> => {
    running.current?.abort();
    const mine = new AbortController();
    running.current = mine;
    setRunning(true);
    route(`/view/sql?${new URLSearchParams({ sql }).toString()}`, true);
    remember(sql);
    try {
      const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ sql }), signal: mine.signal };
      setState({ answer: await fetchAnswer<SqlAnswer>('/api/sql', init) });
    } catch (error) {
      setState(mine.signal.aborted ? { problem: 'The statement was ended.' } : { problem: (error as Error).message });
    } finally {
      if (running.current === mine) setRunning(false);
    }
  };

  return (
    <>
      <h1>SQL</h1>
      {deskProblem === undefined ? null : <Problem title="Nothing can be asked" message={deskProblem.message} />}
      <div class="desk">
        <aside>
          <SchemaTree
            tables={desk?.tables ?? []}
            onChoose={(name) => setText((before) => `${before}${before === '' ? `FROM ${name} LIMIT 20` : ` ${name}`}`)}
          />
          <History onChoose={setText} />
        </aside>
        <div class="ask">
          <Editor text={text} tables={desk?.tables ?? []} onChange={setText} onRun={(sql) => void run(sql)} />
          <p class="actions">
            <button type="button" class="main" disabled={isRunning || text.trim() === ''} onClick={() => void run(text)}>
              Run
            </button>
            <button type="button" disabled={!isRunning} onClick={() => running.current?.abort()}>
              End it
            </button>
            <span class="quiet">{isRunning ? 'It runs …' : 'Ctrl-Enter runs it.'}</span>
          </p>
          <p class="examples">
            {(desk?.examples ?? []).map(({ title, sql }) => (
              <button
                type="button"
                key={title}
                onClick={() => {
                  setText(sql);
                  void run(sql);
                }}
              >
                {title}
              </button>
            ))}
          </p>
          {state.problem === undefined ? null : <Problem title="There is no answer" message={state.problem} />}
          {state.answer === undefined ? null : <ResultView answer={state.answer} />}
        </div>
      </div>
    </>
  );
}
