import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openLockedDoor } from '#test/api/access/locked-door.ts';
import type { CheckAnswer, OpenApi, Operation } from './document.ts';
import { makeCheckAnswer, operationsOf, targetFor } from './document.ts';

const door = await openLockedDoor();
let operations: Operation[];
let check: CheckAnswer;
before(async () => {
  const document = (await (await fetch(`${door.url}/openapi.json`)).json()) as OpenApi;
  operations = operationsOf(document);
  check = makeCheckAnswer(document);
  // From here on the door knows its keys; before, it would answer 503.
  await door.makeKey();
});
after(() => door.close());

test('where the document asks for a key, the door does, in the documented words', async () => {
  for (const operation of operations) {
    const { status, body } = await send(operation, {});
    if (operation.security.length === 0) {
      // At /login a wrong key is what the form holds, not what the request shows.
      if (operation.operationId !== 'logIn') assert.notEqual(status, 401, `${operation.operationId} is open`);
      continue;
    }
    assert.equal(status, 401, operation.operationId);
    assert.deepEqual(body, exampleOf(operation, '401', 'no-key'), operation.operationId);
  }
});

test('where a key lacks the scope, the door says so in the documented words', async () => {
  const { key } = await door.makeKey({ name: 'geo-only', scopes: ['append:geo'] });
  for (const operation of operations.filter(({ security }) => security.length > 0)) {
    const { status, body } = await send(operation, { 'x-api-key': key });
    assert.equal(status, 403, operation.operationId);
    assert.deepEqual(body, exampleOf(operation, '403', 'no-scope'), operation.operationId);
  }
});

/** Sends the first example of an operation, and holds the answer to the document. */
async function send(operation: Operation, headers: Record<string, string>): Promise<{ status: number; body: unknown }> {
  const [content] = Object.entries(operation.requestBody?.content ?? {});
  const [type = '', { examples = {} } = {}] = content ?? [];
  const [name = '', { value } = { value: {} }] = Object.entries(examples)[0] ?? [];
  const answer = await fetch(door.url + targetFor(operation, name), {
    method: operation.method.toUpperCase(),
    redirect: 'manual',
    headers: content === undefined ? headers : { ...headers, 'Content-Type': type },
    ...(content === undefined ? {} : { body: typeof value === 'string' ? value : JSON.stringify(value) }),
  });
  const text = await answer.text();
  const said = answer.headers.get('content-type');
  const body = /^application\/([\w.]+\+)?json\b/.test(said ?? '') ? (JSON.parse(text) as unknown) : text;
  assert.equal(check(operation, { status: answer.status, type: said, body }), undefined);
  return { status: answer.status, body };
}

function exampleOf({ responses }: Operation, status: string, name: string): unknown {
  return Object.values(responses[status]?.content ?? {}).flatMap(({ examples = {} }) =>
    name in examples ? [examples[name]!.value] : [],
  )[0];
}
