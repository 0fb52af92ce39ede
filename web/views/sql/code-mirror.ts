import { autocompletion, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { PostgreSQL, sql } from '@codemirror/lang-sql';
import { HighlightStyle, bracketMatching, syntaxHighlighting } from '@codemirror/language';
import { Compartment, EditorState } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { SqlTable } from '#domain/answers/sql.ts';

export type SqlEditor = {
  show(text: string): void;
  /** Tables and columns that are completed. */
  know(tables: readonly SqlTable[]): void;
  close(): void;
};

const theme = EditorView.theme({
  '&': { color: 'var(--text)', backgroundColor: 'var(--surface)', fontSize: '0.92rem' },
  '.cm-content': { caretColor: 'var(--text)', minHeight: '8rem', fontFamily: 'ui-monospace, monospace' },
  '.cm-gutters': { backgroundColor: 'var(--ground)', color: 'var(--quiet)', border: 'none' },
  '&.cm-focused': { outline: '3px solid var(--accent)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', color: 'var(--text)', border: '1px solid var(--line)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--surface)' },
});
const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--series-1)' },
  { tag: tags.string, color: 'var(--series-3)' },
  { tag: tags.number, color: 'var(--series-2)' },
  { tag: tags.comment, color: 'var(--quiet)' },
]);

/** DuckDB's grammar began as PostgreSQL's. */
const language = (tables: readonly SqlTable[]) =>
  sql({
    dialect: PostgreSQL,
    upperCaseKeywords: true,
    schema: Object.fromEntries(tables.map(({ name, columns }) => [name, columns.map((column) => column.name)])),
  });

export function openEditor(
  host: HTMLElement,
  text: string,
  hear: { change: (text: string) => void; run: (text: string) => void },
): SqlEditor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  const known = new Compartment();
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        keymap.of([
          { key: 'Mod-Enter', run: (one) => (hear.run(one.state.doc.toString()), true) },
          ...completionKeymap,
          ...historyKeymap,
          ...defaultKeymap,
        ]),
        lineNumbers(),
        history(),
        bracketMatching(),
        autocompletion(),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': 'SQL statement' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) hear.change(update.state.doc.toString());
        }),
        syntaxHighlighting(colours),
        theme,
        known.of(language([])),
      ],
    }),
  });
  return {
    show(wanted) {
      const { doc } = view.state;
      if (doc.toString() !== wanted) view.dispatch({ changes: { from: 0, to: doc.length, insert: wanted } });
    },
    know: (tables) => view.dispatch({ effects: known.reconfigure(language(tables)) }),
    close: () => view.destroy(),
  };
}
