import { nothingHere } from '#api/answers/refusal.ts';
import { describeOperation } from '#api/describe/describe-operation.ts';
import { pathParameter } from '#api/describe/parameters.ts';
import type { Json } from '#api/openapi/json-schema.ts';

const tags = ['Operations'];

/** This document, and the page that shows it. */
export function describeDocs(): Json {
  return {
    '/openapi.json': {
      get: describeOperation({
        operationId: 'getDescription',
        tags,
        summary: 'This document',
        scope: 'open',
        answers: { 200: { description: 'OpenAPI 3.1.', schema: { type: 'object', required: ['openapi', 'info', 'paths'] } } },
      }),
    },
    '/docs': {
      get: describeOperation({
        operationId: 'getDocsPage',
        tags,
        summary: 'This document as a page that can send events',
        scope: 'open',
        answers: {
          200: { description: 'The page.', type: 'text/html', schema: { type: 'string' }, headers: [] },
          304: { description: 'The browser has it already.', type: '', headers: [] },
        },
      }),
    },
    '/docs/{file}': {
      get: describeOperation({
        operationId: 'getDocsFile',
        tags,
        summary: 'What the page loads',
        scope: 'open',
        parameters: [pathParameter('file', 'Name of the file.', { script: 'start.js', 'no-file': 'other.js' })],
        answers: {
          200: { description: 'The file.', type: '*/*', schema: {}, headers: [] },
          304: { description: 'The browser has it already.', type: '', headers: [] },
        },
        refusals: { 'no-file': nothingHere },
      }),
    },
  };
}
