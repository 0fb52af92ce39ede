import { describeOperation } from '#api/describe/describe-operation.ts';
import type { Json } from '#api/describe/json-schema.ts';
import { queryParameter } from '#api/describe/parameters.ts';

const tags = ['Keys'];
const page = (description: string, headers: readonly string[] = ['X-Request-Id']) => ({
  description,
  type: 'text/html',
  schema: { type: 'string' },
  headers,
});
const otherPage = {
  status: 403,
  reason: 'forbidden',
  message: 'This form was sent by a page of another site: open /login itself',
} as const;

/** The cookie that a browser trades a key for. */
export function describeLogin(): Json {
  return {
    '/login': {
      get: describeOperation({
        operationId: 'showLogin',
        tags,
        summary: 'The page where a browser trades a key for a cookie',
        scope: 'open',
        parameters: [queryParameter('next', 'Path to go to afterwards.', {})],
        answers: { 200: page('The form, or who is logged in.') },
      }),
      post: describeOperation({
        operationId: 'logIn',
        tags,
        summary: 'Trade a key for a cookie',
        description: 'The cookie is HttpOnly and holds for 12 hours, or until the key ends. Forms of other sites are refused.',
        scope: 'open',
        body: { type: 'object', required: ['key'], properties: { key: { type: 'string' }, next: { type: 'string' } } },
        types: ['application/x-www-form-urlencoded'],
        answers: {
          200: page('Keys are off: none is needed.'),
          303: { description: 'Logged in; Location is where to go.', type: '', headers: ['X-Request-Id', 'Location', 'Set-Cookie'] },
          401: page('The key is not valid.', ['X-Request-Id', 'WWW-Authenticate']),
          429: page('Too many wrong keys came from this address.', ['X-Request-Id', 'Retry-After']),
          503: page('Postgres does not answer.', ['X-Request-Id', 'Retry-After']),
        },
        refusals: {
          'other-page': otherPage,
          'too-large': { status: 413, reason: 'body_too_large', message: 'The body has more than 4096 bytes' },
          'other-type': {
            status: 415,
            reason: 'unsupported_type',
            message: 'Content-Type must be application/x-www-form-urlencoded in UTF-8',
          },
        },
        exchanges: {},
      }),
    },
    '/logout': {
      post: describeOperation({
        operationId: 'logOut',
        tags,
        summary: 'Give the cookie back',
        scope: 'open',
        answers: {
          303: { description: 'Logged out; Location is /login.', type: '', headers: ['X-Request-Id', 'Location', 'Set-Cookie'] },
          503: page('Postgres does not answer.', ['X-Request-Id', 'Retry-After']),
        },
        refusals: { 'other-page': otherPage },
      }),
    },
  };
}
