import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeRawLine, encodeRawLine, encodeRawLines } from '#domain/raw-line.ts';
import type { LogRecord } from '#domain/terms.ts';

const bytes = fc
  .oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => new TextEncoder().encode(text)),
    fc.constantFrom(',"v":', '"', '\n', '\u0000', '\ufeff').map((text) => new TextEncoder().encode(text)),
  )
  .map((array) => Buffer.from(array));
const value = fc.oneof(
  bytes,
  fc.json().map((json) => Buffer.from(json)),
  fc.json().map((json) => Buffer.from(`{"v":${json},"x":1}`)),
  fc.json().map((json) => Buffer.from(`\ufeff{"v":\n${json}}`)),
);
const header = fc.tuple(
  fc.oneof(fc.constantFrom('event-id', 'received-at', 'source', 'kind', 'instance', ''), fc.string({ unit: 'grapheme' })),
  bytes,
);
const record: fc.Arbitrary<LogRecord> = fc.record({
  topic: fc.constant('t'),
  partition: fc.nat(65_535),
  offset: fc.maxSafeNat(),
  appendTimeMs: fc.nat(4_000_000_000_000),
  key: fc.option(bytes),
  value: fc.option(value),
  headers: fc.array(header, { maxLength: 6 }),
});

describe('a raw line', () => {
  test('gives back every byte of a record', () => {
    const seed = Date.now() % 2 ** 31;
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), (records) => {
        const lines = encodeRawLines(records);
        assert.deepEqual(lines, Buffer.concat(records.map(encodeRawLine)));
        const split = lines.toString('latin1').split('\n');
        assert.equal(split.pop(), '');
        assert.equal(split.length, records.length);
        for (const [i, line] of split.entries()) {
          JSON.parse(Buffer.from(line, 'latin1').toString('utf8'));
          const { topic: _, ...rest } = records[i]!;
          assert.deepEqual(decodeRawLine(Buffer.from(line, 'latin1')), rest);
          assert.deepEqual(decodeRawLine(Buffer.from(line, 'latin1').toString('utf8')), rest);
        }
      }),
      { numRuns: 1_000, seed },
    );
  });

  const one: LogRecord = {
    topic: 't',
    partition: 1,
    offset: 2,
    appendTimeMs: 3,
    key: Buffer.from('k'),
    value: Buffer.from('{"a": 1}'),
    headers: [
      ['event-id', Buffer.from('e')],
      ['kind', Buffer.from('pin')],
      ['source', Buffer.from('s')],
    ],
  };
  const cases: [name: string, change: Partial<LogRecord>, line: string][] = [
    ["holds the client's bytes", {}, '{"p":1,"o":2,"t":3,"k":"k","e":"e","r":null,"s":"s","h":["e",["kind","pin"],"s"],"v":{"a": 1}}'],
    [
      'holds a reject in base64',
      { value: Buffer.from('[1]') },
      '{"p":1,"o":2,"t":3,"k":"k","e":"e","r":null,"s":"s","h":["e",["kind","pin"],"s"],"x":"not_an_object","b":"WzFd"}',
    ],
    [
      'holds line breaks in base64',
      { value: Buffer.from('{\n}') },
      '{"p":1,"o":2,"t":3,"k":"k","e":"e","r":null,"s":"s","h":["e",["kind","pin"],"s"],"b":"ewp9"}',
    ],
    [
      'knows no value from an empty one',
      { value: null },
      '{"p":1,"o":2,"t":3,"k":"k","e":"e","r":null,"s":"s","h":["e",["kind","pin"],"s"],"x":"malformed_json","b":null}',
    ],
    [
      'lifts no header that was sent twice or is not plain',
      {
        headers: [
          ['event-id', Buffer.from('a')],
          ['event-id', Buffer.from('b')],
          ['source', Buffer.from('a\nb')],
        ],
      },
      '{"p":1,"o":2,"t":3,"k":"k","e":null,"r":null,"s":null,"h":[["event-id","a"],["event-id","b"],["source","a\\nb"]],"v":{"a": 1}}',
    ],
    [
      'holds bytes that are no text in base64',
      { key: Buffer.from([255]), headers: [['source', Buffer.from([255])]] },
      '{"p":1,"o":2,"t":3,"kb":"/w==","e":null,"r":null,"s":null,"h":[["source",null,"/w=="]],"v":{"a": 1}}',
    ],
  ];
  for (const [name, change, line] of cases) test(name, () => assert.equal(encodeRawLine({ ...one, ...change }).toString(), `${line}\n`));
});
