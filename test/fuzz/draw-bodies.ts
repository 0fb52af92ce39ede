import fc from 'fast-check';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Operation } from '../api/docs/document.ts';

/** A body as it is sent, the content that it stands for, and the headers that go with it, each with its line end. */
type DrawnBody = { body: Buffer; content: Buffer; headers: string };

/** Texts that stand in the place of some value of a body; most are JSON, some are not. */
const hostileTexts = [
  'null',
  'true',
  '{}',
  '[]',
  '""',
  '" "',
  '0',
  '-0',
  '7.0',
  '7.5',
  '1e400',
  '-1e-400',
  '12345678901234567890123',
  '9223372036854775808',
  '1.00000000000000000000001',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u0000"',
  '"\\\\u0000"',
  '"\u00a0"',
  '"\ufeff"',
  '"2020-02-30"',
  '{"a":1,"a":2}',
  '{"a":1,"\\u0061":2}',
  '{"__proto__":{"x":1}}',
  '{"constructor":{"prototype":{"x":1}}}',
  '{"toString":1,"hasOwnProperty":2}',
  '{"":0}',
  '[[[[[[[[[[[[]]]]]]]]]]]]',
  '['.repeat(90) + ']'.repeat(90),
  '['.repeat(99) + ']'.repeat(99),
  '['.repeat(101) + ']'.repeat(101),
  '{"a":'.repeat(5_000) + '1' + '}'.repeat(5_000),
  '['.repeat(5_000),
  'NaN',
  'undefined',
  '01',
  "'a'",
  '"\\x"',
  '"\n"',
  '"',
  '}',
  '//',
  JSON.stringify('é'.repeat(300)),
  JSON.stringify('x'.repeat(70_000)),
  `[${Array.from({ length: 6_000 }, () => '{}').join(',')}]`,
];
const hostileNames = [
  '__proto__',
  'constructor',
  'index',
  'ind',
  'idx',
  'unique_id',
  'kind',
  '',
  'a\u0000b',
  'Data',
  'data',
  'records',
  'x'.repeat(600),
];
const mark = '@fuzz@';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** The usual value nine times of ten. */
export function often<Value>(usual: Value, other: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
}

/** Draws a body for an operation: an example of it as it is, changed as JSON, as bytes, or as it is sent. */
export function drawBody({ requestBody, method }: Operation, example: string): fc.Arbitrary<DrawnBody> {
  const contents = Object.entries(requestBody?.content ?? {});
  if (contents.length === 0)
    return often(
      { body: Buffer.alloc(0), content: Buffer.alloc(0), headers: method === 'get' ? '' : 'Content-Length: 0\r\n' },
      drawBytes(Buffer.from('{}')).map((body) => framed(body, 'application/json')),
    );
  const known = contents.filter(([, { examples = {} }]) => example in examples);
  return fc.constantFrom(...(known.length === 0 ? contents : known)).chain(([type, { examples = {} }]) => {
    const own = (examples[example]?.value ?? {}) as Json;
    const body = often(own, fc.constantFrom(own, ...Object.values(examples).map(({ value }) => value as Json))).chain((value) =>
      fc.oneof(
        { weight: 5, arbitrary: fc.constant(textOf(value)) },
        { weight: 6, arbitrary: drawChanged(value) },
        { weight: 1, arbitrary: fc.json({ maxDepth: 4 }) },
      ),
    );
    return fc
      .tuple(body, often(type, drawType()))
      .chain(([text, said]) =>
        fc
          .oneof({ weight: 4, arbitrary: fc.constant(Buffer.from(text)) }, { weight: 1, arbitrary: drawBytes(Buffer.from(text)) })
          .chain((bytes) => often(framed(bytes, said), drawEncoded(bytes, said))),
      );
  });
}

function drawType(): fc.Arbitrary<string> {
  return fc.constantFrom(
    'application/json',
    'application/json; charset=utf-8',
    'APPLICATION/JSON;charset="UTF-8"',
    'application/json; charset=latin1',
    'application/vnd.kafka.json.v2+json',
    'application/x-ndjson',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    '*/*',
    ';',
    '',
  );
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A body with something hostile in the place of one value, or one member more or less. */
function drawChanged(value: Json): fc.Arbitrary<string> {
  if (typeof value === 'string')
    return fc.tuple(fc.constantFrom(...hostileTexts), fc.nat(3)).map(([text, at]) => spliceLine(value, text, at));
  const places = placesIn(value);
  return fc
    .tuple(
      fc.constantFrom(...places),
      fc.constantFrom<('replace' | 'remove' | 'add')[]>('replace', 'remove', 'add'),
      fc.constantFrom(...hostileTexts),
      fc.constantFrom(...hostileNames),
    )
    .map(([place, change, text, name]) => changed(value, place, change, name).replace(`"${mark}"`, () => text));
}

function spliceLine(lines: string, text: string, at: number): string {
  return lines.split('\n').toSpliced(at, 1, text).join('\n');
}

type Place = readonly (string | number)[];

function placesIn(value: Json, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([name, member]) => placesIn(member, [...at, Array.isArray(value) ? Number(name) : name]))];
}

function changed(value: Json, place: Place, change: 'replace' | 'remove' | 'add', name: string): string {
  const copy = { root: structuredClone(value) };
  let parent: { [name: string]: Json } = copy;
  let key: string | number = 'root';
  for (const step of place) {
    parent = parent[key] as { [name: string]: Json };
    key = step;
  }
  const found = parent[key];
  if (change === 'remove' && place.length > 0) {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
  } else if (change === 'add' && typeof found === 'object' && found !== null && !Array.isArray(found)) {
    Object.defineProperty(found, name, { value: mark, enumerable: true, configurable: true, writable: true });
  } else if (change === 'add' && Array.isArray(found)) found.push(mark);
  else parent[key] = mark;
  return JSON.stringify(copy.root);
}

/** The bytes with a stretch of them cut, changed or put in. */
function drawBytes(bytes: Buffer): fc.Arbitrary<Buffer> {
  const junk = fc.oneof(
    fc.constantFrom(
      ...['ff', 'c080', 'eda080', '00', 'efbbbf', 'f4908080', '0a', '20', '22', '7b', '5d', 'fffe7b00'].map((hex) =>
        Buffer.from(hex, 'hex'),
      ),
    ),
    fc.uint8Array({ maxLength: 8 }).map((array) => Buffer.from(array)),
  );
  return fc
    .tuple(fc.nat(bytes.length), fc.nat(20), junk)
    .map(([at, cut, put]) => Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]));
}

function framed(body: Buffer, type: string): DrawnBody {
  return { body, content: body, headers: `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n` };
}

/** Compressed, well or badly; or in chunks. */
function drawEncoded(bytes: Buffer, type: string): fc.Arbitrary<DrawnBody> {
  const encoders = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };
  const compressed = fc
    .record({
      by: fc.constantFrom(...(Object.keys(encoders) as (keyof typeof encoders)[])),
      said: fc.constantFrom(...Object.keys(encoders), 'x-gzip', 'GZIP', 'compress'),
      isTrue: fc.boolean(),
      cut: fc.nat(3),
      tail: fc.constantFrom('', '\0', 'more'),
    })
    .map(({ by, said, isTrue, cut, tail }) => {
      const whole = encoders[by](bytes);
      const body = Buffer.concat([whole.subarray(0, whole.length - cut), Buffer.from(tail)]);
      const { headers } = framed(body, type);
      return { body, content: bytes, headers: `Content-Encoding: ${isTrue ? by : said}\r\n${headers}` };
    });
  const chunked = fc.nat(1_000).map((size) => {
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size + 1) {
      const chunk = bytes.subarray(at, at + size + 1);
      chunks.push(Buffer.from(`${chunk.length.toString(16)};x=y\r\n`), chunk, Buffer.from('\r\n'));
    }
    return {
      content: bytes,
      body: Buffer.concat([...chunks, Buffer.from('0\r\nX-Trailer: 1\r\n\r\n')]),
      headers: `Content-Type: ${type}\r\nTransfer-Encoding: chunked\r\n`,
    };
  });
  return fc.oneof(compressed, chunked);
}
