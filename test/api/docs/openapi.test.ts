import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeOpenApi } from '#api/docs/openapi.ts';
import { pinItem } from '#domain/schemas/pin.ts';

type Document = {
  openapi: string;
  paths: Record<
    string,
    {
      post?: {
        requestBody: {
          content: Record<string, { schema: { required: string[]; properties: Record<string, unknown>; examples: unknown[] } }>;
        };
        responses: Record<string, unknown>;
      };
    }
  >;
};

test('the OpenAPI document states what the schemas check', () => {
  const document = makeOpenApi() as unknown as Document;
  assert.equal(document.openapi, '3.1.0');
  const { schema } = document.paths['/pin/']!.post!.requestBody.content['application/json']!;
  assert.deepEqual(Object.keys(schema.properties), Object.keys(pinItem.shape));
  assert.equal(schema.required.length, 11);
  assert.ok(!schema.required.includes('poster_name'));
  assert.deepEqual(schema.properties['index'], {
    anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^\\s*-?\\d+(\\.0+)?\\s*$' }],
    description: 'An integer; a string of digits is taken too.',
  });
  assert.ok(pinItem.safeParse(schema.examples[0]).success);
  for (const status of ['200', '400', '413', '415', '422', '503', '504'])
    assert.ok(document.paths['/pin/']!.post!.responses[status] !== undefined, status);
  assert.deepEqual(Object.keys(document.paths['/topics/{name}']!.post!.requestBody.content), [
    'application/vnd.kafka.json.v2+json',
    'application/vnd.kafka.v2+json',
    'application/json',
  ]);
});
