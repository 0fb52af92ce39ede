import { test } from 'node:test';
import ts from 'typescript';
import type { KindDefinition } from '#domain/kinds/kind.ts';
import { kindDefinitions } from '#domain/kinds/list.ts';
import { assertNone, sources, textOf } from './tracked-files.ts';

/** A dialect speaks of the rows that its clients send; the emulator, of the tables that it posts; a metric, of what it counts. */
const ofDialects =
  /^(api\/(consumers|dialects|events|pin|send-get-data|streams|topics)|emulator|domain\/(kinds\/\w+|metrics)|test|bench)\//;
const searched = sources.filter((path) => /\.(tsx?|sql)$/.test(path) && !ofDialects.test(path) && !path.startsWith('workers/migrations/'));

const definitions: readonly KindDefinition[] = kindDefinitions;
const tables = definitions.flatMap(({ lakeTable, view, sinkTable, emulated }) => {
  const source = emulated === undefined ? [] : [emulated.table];
  return [lakeTable, view, sinkTable, sinkTable.split('.').at(-1)!, ...source];
});
const kindWords = [...new Set(definitions.flatMap(({ name, endings }) => [name, ...endings]))];
const fieldNames = definitions.flatMap(({ fields, wire }) => [...fields, ...wire].map(({ name }) => name));
/**
 * Words that sentences, SQL and other people's interfaces use as well, and that a kind or a field may have: they are its own only
 * where they are the whole text.
 */
const ordinary = ['age', 'description', 'index', 'timestamp', 'title', 'user'];
/** And those that our code uses for everything: never. */
const everywhere = ['id', 'kind', 'name', 'value'];
const names = [...new Set([...kindWords, ...tables, ...fieldNames])].filter((name) => !everywhere.includes(name));
const telling = names.filter((name) => !ordinary.includes(name));
/** Not in a path of the door (`/pin`), nor in an id of a workflow or a schedule (`pin-batch`); a kind in a topic or a scope whatever its name. */
const inText = new RegExp(
  `(?<![\\w/])(${telling.map((name) => name.replace('.', '\\.')).join('|')})(?![\\w-])|\\w[.:](${kindWords.join('|')})(?![\\w-])`,
);

/** Lines that may name a kind or a field. What `api/` has here goes when its descriptions and refusals read the list. */
const allowed: readonly { path: RegExp; line: RegExp; because: string }[] = [
  { path: /^domain\/kinds\/(kind|field-schemas)\.ts$/, line: /\bind\b/, because: 'names of the row number, which no kind owns' },
  { path: /^domain\/kinds\/(columns|kind)\.ts$/, line: /'timestamp'/, because: 'a type' },
  { path: /\/(row-key\.ts|macros\.sql)$/, line: /\bind(ex)?\b/, because: 'names of the row number, which no kind owns' },
  {
    path: /^(stack\/servers\/postgres|adapters\/settings\/servers)\.ts$/,
    line: /pinterest_data'/,
    because: "the course's name of a database",
  },
  { path: /^stack\/servers\/postgres-identity\.ts$/, line: /--map-|'user'/, because: "the operating system's user" },
  { path: /^cli\/run-program\.ts$/, line: /'user'/, because: "commander's word for who gave the arguments" },
  { path: /^api\/\w+\/rows\.ts$/, line: /exampleRows/, because: 'rows of the examples' },
  {
    path: /^api\/(describe|docs|door|keys|refused|tail)\/[\w-]*(components|description|refusals|openapi|examples)\.ts$/,
    line: /append:|clean_pins|'pins?'|pinterest\.pin/,
    because: 'examples, and the label of the route /pin/',
  },
];

/** Most files have none of the words; to read a file as the compiler does takes a while. */
const anywhere = new RegExp(`(['"\`])(${names.join('|')})\\1|\\b(${telling.join('|')})\\b`);

type Hit = { path: string; line: number; text: string };

/** Texts that name a kind or a field, and members that do. */
function hitsIn(path: string): Hit[] {
  const text = textOf(path);
  if (!anywhere.test(text)) return [];
  const lines = text.split('\n');
  const hit = (line: number): Hit => ({ path, line: line + 1, text: lines[line]!.trim() });
  if (path.endsWith('.sql')) return lines.flatMap((line, i) => (inText.test(line.replace(/--.*/, '')) ? [hit(i)] : []));
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const found: Hit[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (namesKind(node)) found.push(hit(file.getLineAndCharacterOfPosition(node.getStart(file)).line));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function namesKind(node: ts.Node): boolean {
  if (ts.isStringLiteralLike(node)) return names.includes(node.text) || inText.test(node.text);
  if (ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) return inText.test(node.text);
  const isMember =
    ts.isPropertyAssignment(node) ||
    ts.isPropertySignature(node) ||
    ts.isShorthandPropertyAssignment(node) ||
    ts.isBindingElement(node) ||
    ts.isPropertyAccessExpression(node);
  return isMember && ts.isIdentifier(node.name) && telling.includes(node.name.text);
}

test('no kind, none of its fields and none of its tables is named outside its folder and the dialects', () => {
  const hits = searched.flatMap(hitsIn);
  const used = new Set<number>();
  const offenders = hits.filter(({ path, text }) => {
    const which = allowed.flatMap((one, i) => (one.path.test(path) && one.line.test(text) ? [i] : []));
    for (const i of which) used.add(i);
    return which.length === 0;
  });
  assertNone(
    offenders.map(({ path, line, text }) => `${path}:${line}  ${text.slice(0, 120)}`),
    'A kind is one folder (domain/kinds/): derive what depends on it from the list, so that a fourth kind is one more folder:',
  );
  assertNone(
    allowed.flatMap(({ path, line }, i) => (used.has(i) ? [] : [`${String(path)} ${String(line)}`])),
    'These lines need no exception any more:',
  );
});
