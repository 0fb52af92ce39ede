import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNone, linesThat, sources, textOf } from './tracked-files.ts';

/** Without comments: those may quote how others call a thing. */
const ofOurs = sources.filter((path) => /\.(ts|sql)$/.test(path) && !/^(test\/tidy|workers\/migrations)\//.test(path));
const isComment = (line: string): boolean => /^\s*(\/?\*|\/\/|--)/.test(line);

/** Words that meant two things once, and where the one that they mean now is at home. */
const words: readonly { word: RegExp; home: RegExp; instead: string }[] = [
  {
    word: /position/i,
    // POST /events answers with a row's place under this name, FastAPI's messages with a character's.
    home: /^((activities\/stream|setup|domain\/(metrics|schemas\/events|door\/explain-json))|(test\/)?(api\/(events|answers|door|send-get-data|streams|operations|refused|row-cases|dialects)|bench\/stream|domain\/(door|metrics)|activities\/stream|workers))/,
    instead: "a position is that of an identity, its first record; a reader's next offset is its checkpoint, a place in a list an index",
  },
  {
    word: /generation/i,
    home: /^(?!(test\/)?(api\/(?!operations|batch|status|sql|metrics|app|main|docs|open-door)|emulator))/,
    instead: 'a generation is one published result; the wire shape of a generation of clients is a dialect',
  },
  {
    word: /[a-z](M|_m)etric|[mM]etrics[A-Z_]/,
    home: /^(?!(test\/)?api\/(?!metrics|page|app|docs))/,
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
