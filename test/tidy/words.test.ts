import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindDefinitions } from '#domain/kinds/list.ts';
import { assertNone, linesThat, sources, textOf, trackedFiles } from './tracked-files.ts';

/** Without comments: those may quote how others call a thing. */
const ofOurs = sources.filter((path) => /\.(ts|sql)$/.test(path) && !/^(test\/tidy|workers\/migrations)\//.test(path));
const isComment = (line: string): boolean => /^\s*(\/?\*|\/\/|--)/.test(line);

/** Words that meant two things once, and where the one that they mean now is at home. */
const words: readonly { word: RegExp; home: RegExp; instead: string }[] = [
  {
    word: /position/i,
    // POST /events answers with a row's place under this name, FastAPI's messages with a character's.
    home: /^((activities\/stream|setup|domain\/(metrics|schemas\/events|door\/explain-json))|(test\/)?(api\/(events|answers|door|send-get-data|streams|operations|row-cases|dialects)|bench\/stream|domain\/(door|metrics)|activities\/stream|workers))/,
    instead: "a position is that of an identity, its first record; a reader's next offset is its checkpoint, a place in a list an index",
  },
  {
    word: /generation/i,
    home: /^(?!(test\/)?(api\/(?!operations|app|main|docs|open-door)|emulator))/,
    instead: 'a generation is one published result; the wire shape of a generation of clients is a dialect',
  },
  {
    word: /[a-z](M|_m)etric|[mM]etrics[A-Z_]/,
    home: /^(?!(test\/)?api\/)/,
    instead: 'a metric is what the events say in numbers; what operators scrape is telemetry',
  },
];
/** Names that are others': functions of prom-client and commander, and what stands on the wire. */
const foreign = /collectDefaultMetrics|clusterMetrics|registerMetric|registry\.metrics|getMetrics|enablePositionalOptions/;

for (const { word, home, instead } of words)
  test(`${String(word)} means one thing`, () => {
    const elsewhere = ofOurs.filter((path) => !home.test(path));
    const offenders = linesThat(elsewhere, (line) => word.test(line) && !isComment(line) && !foreign.test(line));
    assertNone(offenders, `One word, one meaning (domain/terms.ts): ${instead}:`);
  });

test('the words that name folders, files and tables are in the list', () => {
  const listed = textOf('domain/terms.ts');
  const missing = [
    'door',
    'dialect',
    'exchange',
    'caller',
    'refusal',
    'receipt',
    'reader',
    'sink',
    'slot',
    'segment',
    'checkpoint',
    'epoch',
  ]
    .concat([
      'raw object',
      'cut',
      'interval',
      'clean row',
      'reject',
      'dead letter',
      'lake table',
      'generation',
      'mart',
      'window',
      'telemetry',
    ])
    .filter((word) => !new RegExp(`^ \\* ${word} {2,}`, 'm').test(listed));
  assert.deepEqual(missing, []);
});

/** A dialect speaks of the rows that its clients send; the emulator, of the tables that it posts. */
const ofDialects = /^(api\/(consumers|dialects|events|pin|send-get-data|streams|topics)|emulator|domain\/(kinds|metrics)|test|bench)\//;
/** Where a word is a kind's by chance. */
const byChance: Readonly<Record<string, string>> = {
  'api/operations/tail-description.ts': 'an example',
  'api/door/components.ts': 'an example',
  'api/describe/refusals.ts': 'an example',
  'domain/schemas/consumers.ts': 'an example',
  'cli/commands/emulate.ts': 'a shape of the emulator',
  'cli/run-program.ts': "commander's word for who gave the arguments",
  'stack/servers/postgres-identity.ts': "the operating system's user",
  'domain/door/row-key.ts': 'names of the row number, which no kind owns',
  'domain/clean/macros.sql': 'names of the row number, which no kind owns',
};

test('no kind and none of its fields is named outside its folder and the dialects', () => {
  const fields = kindDefinitions.flatMap(({ fields, wire }) => [...fields, ...wire]).map(({ name }) => name);
  const names = [...new Set([...kindDefinitions.map(({ name }) => name), ...fields])].join('|');
  const literal = new RegExp(`(['"\`])(${names})\\1`);
  const ownWord = new RegExp(`\\b(${[...new Set(fields)].filter((name) => name.includes('_')).join('|')})\\b`);
  const elsewhere = ofOurs.filter((path) => !ofDialects.test(path) && !(path in byChance));
  assertNone(
    linesThat(elsewhere, (line) => !isComment(line) && (literal.test(line) || ownWord.test(line))),
    'A kind is one folder (domain/kinds/): derive what depends on it from the list, so that a fourth kind is one more folder:',
  );
  assertNone(
    Object.keys(byChance).filter((path) => !trackedFiles.includes(path) || !(literal.test(textOf(path)) || ownWord.test(textOf(path)))),
    'These files need no exception any more:',
  );
});
