import fc from 'fast-check';
import type { Operation } from '../api/docs/document.ts';
import { drawBody, often } from './draw-bodies.ts';

/** A request as bytes, drawn for a path of the document. */
export type DrawnRequest = { path: string; method: string; target: string; head: string; body: Buffer; content: Buffer };

/** How often each is drawn: events are what the door is for, and bodies are where clients go wrong most. */
const weights = { events: 20, withBody: 4, other: 1 };

/** Draws requests for operations: their examples as they are, and everything that a client may do to them. */
export function drawRequests(operations: readonly Operation[]): fc.Arbitrary<DrawnRequest> {
  const examples = operations.flatMap((operation) => {
    const names = [
      ...new Set(Object.values(operation.requestBody?.content ?? {}).flatMap(({ examples: known = {} }) => Object.keys(known))),
    ];
    const weight = operation.tags.includes('Events') ? weights.events : names.length > 0 ? weights.withBody : weights.other;
    return (names.length === 0 ? [''] : names).map((name) => ({ weight, arbitrary: fc.constant({ operation, name }) }));
  });
  return fc.oneof(...examples).chain(({ operation, name }) =>
    fc
      .record({
        method: often(
          operation.method.toUpperCase(),
          fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'QUERY'),
        ),
        target: drawTarget(operation, name),
        sent: drawBody(operation, name),
        more: often('', drawHeader()),
      })
      .map(({ method, target, sent: { body, content, headers }, more }) => ({
        path: operation.path,
        method,
        target,
        head: `${headers}${more}`,
        body,
        content,
      })),
  );
}

function drawTarget({ path, parameters }: Operation, example: string): fc.Arbitrary<string> {
  const values = parameters
    .filter(({ in: place }) => place !== 'header')
    .map(({ name, in: place, required = false, examples = {} }) => {
      const known = Object.values(examples).map(({ value }) => encodeURIComponent(value));
      const own = examples[example] ?? (required ? Object.values(examples)[0] : undefined);
      const usual = own === undefined ? undefined : encodeURIComponent(own.value);
      const odd = fc.oneof(
        fc.constantFrom('', ...known),
        fc.constantFrom(...oddNames),
        fc.string({ unit: 'grapheme' }).map(encodeURIComponent),
      );
      return fc
        .oneof({ weight: 19, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: odd })
        .map((value) => ({ name, place, value }));
    });
  return fc.tuple(...values).chain((chosen) => {
    let target = path;
    const query: string[] = [];
    for (const { name, place, value } of chosen) {
      if (value === undefined) continue;
      if (place === 'path') target = target.replace(`{${name}}`, value);
      else query.push(`${name}=${value}`);
    }
    const usual = query.length === 0 ? target : `${target}?${query.join('&')}`;
    const more = `${usual}${usual.includes('?') ? '&' : '?'}ack=none&ack=log&__proto__=1&a[b]=c`;
    return often(usual, fc.constantFrom(`${usual}/`, `${usual}?`, usual.toUpperCase(), more, `/${usual}`));
  });
}

const oddNames = [
  '%00',
  '%E0%A4%A',
  '%',
  '..',
  '%2e%2e',
  '%2F',
  'a%0d%0ab',
  '__proto__',
  'constructor',
  '.pin',
  'pin',
  'x.PIN',
  'x'.repeat(300),
];

function drawHeader(): fc.Arbitrary<string> {
  return fc.constantFrom(
    'X-Request-Id: a b\r\n',
    `X-Request-Id: ${'x'.repeat(200)}\r\n`,
    'X-Request-Id: mine-1\r\n',
    'Idempotency-Key: \r\n',
    `Idempotency-Key: ${'k'.repeat(300)}\r\n`,
    'Idempotency-Key: fuzz-1\r\n',
    'Idempotency-Key: a\xe9\r\n',
    'Authorization: Bearer \r\n',
    'Authorization: Basic eDp5\r\n',
    'x-api-key: nobody\r\n',
    'Cookie: pinflow_session=; a=b; =; ;;\r\n',
    'Content-Encoding: identity\r\n',
    'Content-Encoding: gzip, gzip\r\n',
    'Expect: 100-continue\r\n',
    'Upgrade: websocket\r\nConnection: Upgrade\r\n',
    'Accept: text/html;q=0\r\n',
    'Origin: https://example.invalid\r\nSec-Fetch-Site: cross-site\r\n',
    'Origin: http://localhost:3000\r\nSec-Fetch-Site: same-site\r\n',
    'Range: bytes=0-1\r\n',
    'If-None-Match: *\r\n',
  );
}
