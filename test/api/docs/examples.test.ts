import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { LockedDoor } from '../access/locked-door.ts';
import { openLockedDoor } from '../access/locked-door.ts';
import type { CheckAnswer, OpenApi, Operation } from './document.ts';
import { makeCheckAnswer, operationsOf, targetFor } from './document.ts';

let door: LockedDoor;
/** Of a key that may do everything: the document shows what callers get that are let in. */
let key: string;
let operations: Operation[];
let check: CheckAnswer;
before(async () => {
  door = await openLockedDoor();
  ({ key } = await door.makeKey());
  const document = (await (await fetch(`${door.url}/openapi.json`)).json()) as OpenApi;
  operations = operationsOf(document);
  check = makeCheckAnswer(document);
});
after(() => door.close());

/** A request that the document shows, and the answer that it shows for it: both have the same name. */
type Shown = { operation: Operation; name: string; type: string | undefined; body: string | undefined; status: number; answer: unknown };

test('every example of a request gets the answer that stands beside it', async () => {
  const shown = operations.flatMap(exchangesOf);
  assert.ok(shown.length > 20);
  for (const { operation, name, type, body, status, answer } of shown) {
    const what = `${operation.operationId} ${name} as ${type}`;
    const response = await door.ask(key, targetFor(operation, name), {
      method: operation.method.toUpperCase(),
      ...(body === undefined ? {} : { body, headers: { 'Content-Type': type! } }),
    });
    const text = await response.text();
    assert.equal(response.status, status, `${what}: ${text}`);
    const said = JSON.parse(text) as unknown;
    assert.equal(check(operation, { status, type: response.headers.get('content-type'), body: said }), undefined, what);
    assert.deepEqual(comparable(said), comparable(answer), what);
    assertHeaders(response, operation, what);
  }
});

test('operations without a body answer as documented', async () => {
  for (const operation of operations.filter(({ method, requestBody }) => method === 'get' && requestBody === undefined)) {
    // What has no end of its own is asked for a bounded piece.
    const response = await door.ask(key, targetFor(operation, 'bounded'));
    const type = response.headers.get('content-type');
    const text = await response.text();
    const body = /^application\/([\w.]+\+)?json\b/.test(type ?? '') ? (JSON.parse(text) as unknown) : text;
    assert.equal(check(operation, { status: response.status, type, body }), undefined);
    // What a path names may not be there.
    if (!operation.path.includes('{')) assert.equal(response.status, 200, operation.operationId);
    assertHeaders(response, operation, operation.operationId);
  }
});

function exchangesOf(operation: Operation): Shown[] {
  const contents = Object.entries(operation.requestBody?.content ?? {});
  const byParameter = operation.parameters.flatMap(({ examples = {} }) => Object.keys(examples));
  return Object.entries(operation.responses).flatMap(([status, { content = {} }]) =>
    Object.values(content).flatMap(({ examples: answers = {} }) =>
      Object.entries(answers).flatMap(([name, { value: answer }]): Shown[] => {
        const expected = { operation, name, status: Number(status), answer };
        const isBody = contents.some(([, { examples = {} }]) => name in examples);
        const bodies = contents.flatMap(([type, { examples = {} }]) => {
          const value = examples[name]?.value ?? (!isBody && byParameter.includes(name) ? Object.values(examples)[0]?.value : undefined);
          return value === undefined ? [] : [{ ...expected, type, body: typeof value === 'string' ? value : JSON.stringify(value) }];
        });
        const isBare = contents.length === 0 && byParameter.includes(name);
        return isBare ? [{ ...expected, type: undefined, body: undefined }] : bodies;
      }),
    ),
  );
}

const variable = new Set([
  'partition',
  'offset',
  'SequenceNumber',
  'ShardId',
  'event_id',
  'id',
  'key',
  'createdAt',
  'instance_id',
  'base_uri',
]);

/** Places, ids and times differ from one time to the next. */
function comparable(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer, (key, value: unknown) => (variable.has(key) && value !== null ? key : value)));
}

/** An answer has no header of ours that is not documented, and those that are always there. */
function assertHeaders(response: Response, { responses }: Operation, what: string): void {
  const documented = new Set(Object.keys(responses[response.status]?.headers ?? {}).map((name) => name.toLowerCase()));
  const ours = [...response.headers.keys()].filter((name) => /^(pinflow-|x-request-id|ratelimit|retry-after|idempotency-)/.test(name));
  for (const name of ours) assert.ok(documented.has(name), `${what}: the header ${name} is not documented`);
  if (documented.has('x-request-id')) assert.ok(response.headers.has('x-request-id'), `${what}: no X-Request-Id`);
}
