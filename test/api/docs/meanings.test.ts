import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeOpenApi } from '#api/docs/openapi.ts';
import type { OpenApi, Operation } from './document.ts';
import { operationsOf } from './document.ts';

const operations = operationsOf(
  makeOpenApi({ limits: { eventBytesMax: 65_536, requestBytesMax: 1_048_576 }, kindByName: new Map() }) as unknown as OpenApi,
);
const takesEvents = ({ parameters }: Operation): boolean => parameters.some(({ name }) => name === 'Idempotency-Key');

/** Operations whose answers say what none of theirs may say; of these statuses, or of all. */
function thatSay(words: RegExp, among: (operation: Operation) => boolean, ...statuses: readonly string[]): string[] {
  return operations.filter(among).flatMap(({ operationId, responses }) =>
    Object.entries(responses)
      .filter(([status, answer]) => (statuses.length === 0 || statuses.includes(status)) && words.test(JSON.stringify(answer)))
      .map(([status]) => `${operationId} ${status}`),
  );
}

test('only what takes an Idempotency-Key speaks of it', () => {
  assert.ok(operations.some(takesEvents));
  assert.deepEqual(
    thatSay(/Idempotency-/, (operation) => !takesEvents(operation)),
    [],
  );
});

test('only what takes events says whether they were sent', () => {
  const words = /nothing was sent|event was not sent|may exist|does no harm/i;
  assert.deepEqual(
    thatSay(words, (operation) => !takesEvents(operation)),
    [],
  );
  assert.deepEqual(
    operations.filter(takesEvents).map(({ operationId }) => `${operationId} 503`),
    thatSay(words, takesEvents, '503'),
  );
});

test('nobody who needs no key hears that a key may not do something', () => {
  assert.deepEqual(
    thatSay(/\bkey may not\b|A key is needed/i, ({ security }) => security.length === 0, '401', '403'),
    [],
  );
});

test('what reads no body says nothing about one', () => {
  assert.deepEqual(
    thatSay(/\bbody\b/i, ({ requestBody }) => requestBody === undefined),
    [],
  );
});
