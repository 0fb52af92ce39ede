import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { makeOpenApi } from '#api/docs/openapi.ts';
import { pinItem } from '#domain/kinds/pin/schema.ts';
import type { OpenDoor } from '../open-door.ts';
import { openDoor } from '../open-door.ts';
import type { OpenApi } from './document.ts';
import { makeCheckAnswer, operationsOf } from './document.ts';

let door: OpenDoor;
let document: OpenApi;
before(async () => {
  door = await openDoor();
  document = (await (await fetch(`${door.url}/openapi.json`)).json()) as OpenApi;
});
after(() => door.close());

test('the document is OpenAPI 3.1', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document));
  assert.ok(valid, JSON.stringify(errors, null, 1));
  assert.equal(validator.version, '3.1');
});

test('every route is in the document, and the document has no other', () => {
  const documented = operationsOf(document).map(({ method, path }) => `${method} ${path.replace(/(?<=.)\/$/, '')}`);
  assert.deepEqual(documented.toSorted(), routesOf(door).toSorted());
});

test('operations have an id of their own, a summary and an answer that is good', () => {
  const operations = operationsOf(document);
  assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
  for (const { operationId, summary, responses, tags } of operations) {
    assert.ok(summary !== '' && !summary.endsWith('.'), operationId);
    assert.equal(tags.length, 1, operationId);
    assert.ok(
      Object.keys(responses).some((status) => /^[23]/.test(status)),
      operationId,
    );
  }
});

test('every example of an answer has the schema that its answer has', () => {
  const check = makeCheckAnswer(document);
  const wrong = operationsOf(document).flatMap((operation) =>
    Object.entries(operation.responses).flatMap(([status, { content = {} }]) =>
      Object.entries(content).flatMap(([type, { examples = {} }]) =>
        Object.entries(examples).flatMap(([name, { value: body }]) => {
          const problem = check(operation, { status: Number(status), type, body });
          return problem === undefined ? [] : [`${name}: ${problem}`];
        }),
      ),
    ),
  );
  assert.deepEqual(wrong, []);
});

test('the document states what the schemas check', () => {
  const { schemas } = makeOpenApi({ limits: { eventBytesMax: 1, requestBytesMax: 1 }, kindByName: new Map() })['components'] as {
    schemas: Record<string, { required: string[]; properties: object }>;
  };
  const { required, properties } = schemas['PinItem']!;
  assert.deepEqual(Object.keys(properties), Object.keys(pinItem.shape));
  assert.equal(required.length, 11);
  assert.ok(!required.includes('poster_name'));
  assert.deepEqual((properties as Record<string, unknown>)['index'], {
    anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^\\s*-?\\d+(\\.0+)?\\s*$' }],
    description: 'An integer; a string of digits is taken too.',
  });
});

type Layer = { route?: { path: string; stack: { method: string }[] } };

/** Methods and paths that the application knows; what answers 405 to all others is none of them. */
function routesOf({ app }: OpenDoor): string[] {
  const layers = (app.router as unknown as { stack: Layer[] }).stack;
  return layers.flatMap(({ route }) => {
    const methods = new Set(route?.stack.map(({ method }) => method));
    if (route === undefined || methods.size > 3) return [];
    return [...methods].map((method) => `${method} ${route.path.replaceAll(/:(\w+)/g, '{$1}')}`);
  });
}
