import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { pin } from '#api/describe/rows.ts';
import type { Sending } from './connection.ts';

/** Bytes that no generator would think of, and the statuses that may come back, in order. */
export type HostileCase = {
  name: string;
  sending: Sending;
  /** Status of each answer, or those that it may have. */
  statuses: readonly (number | readonly number[])[];
  /** The door may close before all is sent, and its answer then be lost. */
  mayReset?: boolean;
  /** Events that it brings into the log. */
  events?: number;
};

const json = 'application/json';
const body = JSON.stringify(pin);
const megabyte = Buffer.alloc(1_048_576, ' ');
const megabytes = (count: number): Buffer[] => Array.from({ length: count }, () => megabyte);
const chunks = (count: number): (Buffer | string)[] => megabytes(count).flatMap((piece) => ['100000\r\n', piece, '\r\n']);

function head(target: string, headers: string, method = 'POST'): string {
  return `${method} ${target} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;
}

function post(target: string, bytes: string | Buffer, type = json, headers = ''): Buffer {
  const content = Buffer.from(bytes);
  return Buffer.concat([Buffer.from(head(target, `Content-Type: ${type}\r\nContent-Length: ${content.length}\r\n${headers}`)), content]);
}

function one(name: string, bytes: string | Buffer, status: number | readonly number[], events = 0): HostileCase {
  return { name, sending: { pieces: [bytes], expected: 1 }, statuses: [status], events };
}

/** A body that decompresses to `megabytes` of blanks. */
function bomb(megabytes: number, by: 'gzip' | 'zstd' | 'br'): Buffer {
  const bytes = Buffer.alloc(megabytes * 1_048_576, ' ');
  if (by === 'gzip') return gzipSync(bytes, { level: 9 });
  if (by === 'zstd') return zstdCompressSync(bytes);
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
}

const withField = (text: string): string => body.replace('{', `{${text},`);
const deep = (levels: number): string => withField(`"x":${'['.repeat(levels)}${']'.repeat(levels)}`);
const ndjson = 'application/x-ndjson';
const row = `{"kind":"pin","unique_id":"u"}\n`;

const bodies: HostileCase[] = [
  one(
    'bytes that are not UTF-8',
    post('/pin/', Buffer.concat([Buffer.from(body.slice(0, -1)), Buffer.from([0xff]), Buffer.from('}')])),
    400,
  ),
  one(
    'an overlong encoding',
    post('/pin/', Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xc0, 0x80]), Buffer.from(`",${body.slice(1)}`)])),
    400,
  ),
  one('a NUL byte', post('/pin/', withField('"x":"\0"')), 422),
  one('an escaped NUL', post('/pin/', withField('"x":"\\u0000"')), 422),
  one('half a surrogate pair', post('/pin/', withField('"x":"\\ud83d"')), 422),
  one('98 levels', post('/pin/', deep(98)), 200, 1),
  one('101 levels', post('/pin/', deep(101)), 422),
  one('20,000 levels', post('/pin/', deep(20_000)), 422),
  one('100,000 levels of another route', post('/topics/a.pin', `{"records":[{"value":${deep(100_000)}}]}`), 422),
  one('100,000 levels that do not close', post('/events?kind=pin', '['.repeat(100_000)), 422),
  one('the same key twice', post('/pin/', withField('"title":"a"')), 422),
  one('the same key twice, once escaped', post('/pin/', withField('"\\u0074itle":"a"')), 422),
  one('__proto__ and constructor as keys', post('/pin/', withField('"__proto__":{"index":1},"constructor":{"prototype":1}')), 200, 1),
  one('__proto__ in the place of all fields', post('/topics/a.pin', '{"__proto__":{"records":[]}}'), 422),
  one('a byte order mark', post('/topics/a.pin', `\ufeff{"records":[{"value":${body}}]}`), [200, 422]),
  one('UTF-16', post('/pin/', Buffer.from(body, 'utf16le')), [400, 422]),
  one('nothing', post('/pin/', ''), 422),
  one('no length at all', head('/pin/', `Content-Type: ${json}\r\n`), 422),
  one(
    '6,000 records',
    post('/topics/a.pin', JSON.stringify({ records: Array.from({ length: 6_000 }, () => ({ value: { unique_id: 'u' } })) })),
    422,
  ),
  one('100,001 rows', post('/events', row.repeat(100_001), ndjson), 413),
  one('a row without an end', post('/events', `{"kind":"pin","unique_id":"${'x'.repeat(1_000_000)}`, ndjson), 422),
  one('a million empty lines', post('/events', '\n'.repeat(1_000_000), ndjson), 422),
  one('half a gzip', post('/events?kind=pin', gzipSync(body).subarray(0, 40), json, 'Content-Encoding: gzip\r\n'), 400),
  one('a gzip that is none', post('/events?kind=pin', body, json, 'Content-Encoding: gzip\r\n'), 400),
  one('gzip where none is taken', post('/pin/', gzipSync(body), json, 'Content-Encoding: gzip\r\n'), 415),
  one('a gzip bomb of 300 MB', post('/events', bomb(300, 'gzip'), ndjson, 'Content-Encoding: gzip\r\n'), 413),
  one('a zstd bomb of 300 MB', post('/events', bomb(300, 'zstd'), ndjson, 'Content-Encoding: zstd\r\n'), 413),
  one('a brotli bomb of 100 MB', post('/events', bomb(100, 'br'), ndjson, 'Content-Encoding: br\r\n'), 413),
];

const large: HostileCase[] = [
  {
    name: '100 MB that say so',
    sending: { pieces: [head('/pin/', `Content-Type: ${json}\r\nContent-Length: ${100 * 1_048_576}\r\n`), ...megabytes(100)], expected: 1 },
    statuses: [413],
  },
  {
    name: '100 MB in chunks',
    sending: {
      pieces: [head('/events', `Content-Type: ${json}\r\nTransfer-Encoding: chunked\r\n`), ...chunks(100), '0\r\n\r\n'],
      expected: 1,
    },
    statuses: [413],
  },
  {
    name: '100 MB that nobody asked for',
    sending: { pieces: [head('/nowhere', `Content-Length: ${100 * 1_048_576}\r\n`), ...megabytes(100)], expected: 1 },
    statuses: [404],
  },
  {
    name: 'more than is read to the end',
    sending: { pieces: [head('/pin/', `Content-Type: ${json}\r\nTransfer-Encoding: chunked\r\n`), ...chunks(160)] },
    statuses: [413],
    mayReset: true,
  },
];

const pins = (count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => post('/pin/', body)));
const messages: HostileCase[] = [
  { name: '50 pipelined pins', sending: { pieces: [pins(50)], expected: 50 }, statuses: Array.from({ length: 50 }, () => 200), events: 50 },
  {
    name: 'pipelined pins before garbage',
    sending: { pieces: [pins(5), 'garbage\r\n\r\n'] },
    statuses: [200, 200, 200, 200, 200, 400],
    events: 5,
  },
  {
    name: 'a length that is too short',
    sending: { pieces: [head('/pin/', `Content-Type: ${json}\r\nContent-Length: 10\r\n`), body] },
    statuses: [422, 400],
  },
  {
    name: 'a length that is too long',
    sending: { pieces: [head('/pin/', `Content-Type: ${json}\r\nContent-Length: 5000\r\n`), body], ends: true },
    statuses: [400],
  },
  { name: 'a client that leaves half-way', sending: { pieces: [post('/pin/', body).subarray(0, -5)], leaves: true }, statuses: [] },
  { name: 'two lengths', sending: { pieces: [head('/pin/', 'Content-Length: 5\r\nContent-Length: 6\r\n'), body] }, statuses: [400] },
  {
    name: 'a length and chunks',
    sending: {
      pieces: [
        head('/pin/', `Content-Type: ${json}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n`),
        `0\r\n\r\n${pins(1).toString()}`,
      ],
    },
    statuses: [400],
  },
  {
    name: 'chunks that are none',
    sending: { pieces: [head('/pin/', `Content-Type: ${json}\r\nTransfer-Encoding: chunked\r\n`), 'zz\r\n'] },
    statuses: [400],
  },
  {
    name: 'a chunk longer than it says',
    sending: { pieces: [head('/pin/', `Content-Type: ${json}\r\nTransfer-Encoding: chunked\r\n`), '2\r\n{}}\r\n0\r\n\r\n'] },
    statuses: [400],
  },
  { name: 'another transfer coding', sending: { pieces: [head('/pin/', 'Transfer-Encoding: gzip\r\n'), body] }, statuses: [400] },
  one('huge headers', head('/pin/', `X: ${'x'.repeat(100_000)}\r\n`), 431),
  one('a huge target', head(`/pin/?${'x'.repeat(100_000)}`, ''), 431),
  one('3,000 headers', head('/healthz', 'a:\r\n'.repeat(3_000), 'GET'), [200, 431]),
  one('a folded header', head('/healthz', 'X: a\r\n b\r\n', 'GET'), [200, 400]),
  one('no Host', 'GET /healthz HTTP/1.1\r\n\r\n', 400),
  one('HTTP/1.0', 'GET /healthz HTTP/1.0\r\n\r\n', 200),
  one('HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400),
  one('HTTP/0.9', 'GET /healthz\r\n\r\n', [200, 400]),
  one('a small method', head('/healthz', '', 'get'), 400),
  one('every target', head('*', '', 'OPTIONS'), [404, 405]),
  one('an absolute target', head('http://example.invalid/healthz', '', 'GET'), [200, 400, 404]),
  one('a target without a slash', head('healthz', '', 'GET'), [400, 404]),
  one('a tunnel', head('example.invalid:443', '', 'CONNECT'), 405),
  one('a broken escape in the path', head('/topics/%E0%A4%A', `Content-Type: ${json}\r\nContent-Length: 0\r\n`), 400),
  one('a broken escape of another method', head('/topics/%', '', 'GET'), [400, 405]),
  one('a NUL in the path', head('/api/keys/%00', '', 'DELETE'), [403, 404, 422]),
  one('a NUL in the query', head('/get_data?topic=%00', '', 'GET'), 404),
  one('a protocol change', head('/healthz', 'Connection: Upgrade\r\nUpgrade: websocket\r\n', 'GET'), 200),
  one('an unknown expectation', post('/pin/', body, json, 'Expect: cake\r\n'), 417),
  one('a known expectation', post('/pin/', body, json, 'Expect: 100-continue\r\n'), 200, 1),
];

export function hostileCases(): HostileCase[] {
  return [...bodies, ...large, ...messages];
}
