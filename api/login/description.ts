import { loginPath } from '#api/access/credentials.ts';
import { describeOperation } from '#api/describe/describe-operation.ts';
import { queryParameter } from '#api/describe/parameters.ts';
import { bodyRefusals } from '#api/describe/refusals.ts';
import { otherPage } from '#api/login/refusals.ts';
import { formLimits } from '#api/login/routes.ts';
import { sessionSecondsMax } from '#api/login/session-cookie.ts';
import type { Json } from '#api/openapi/json-schema.ts';

const tags = ['Keys'];
const meanings = { 403: 'A page of another site sent the form.' };
const page = (description: string, headers: readonly string[] = ['X-Request-Id']) => ({
  description,
  type: 'text/html',
  schema: { type: 'string' },
  headers,
});

/** The cookie that a browser trades a key for. */
export function describeLogin(): Json {
  return {
    [loginPath]: {
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
        description: `The cookie is HttpOnly and holds for ${sessionSecondsMax / 3_600} hours, or until the key ends. Forms of other sites are refused.`,
        scope: 'open',
        body: { type: 'object', required: ['key'], properties: { key: { type: 'string' }, next: { type: 'string' } } },
        types: [...formLimits.types],
        answers: {
          200: page('Keys are off: none is needed.'),
          303: { description: 'Logged in; Location is where to go.', type: '', headers: ['X-Request-Id', 'Location', 'Set-Cookie'] },
          401: page('The key is not valid.', ['X-Request-Id', 'WWW-Authenticate']),
          429: page('Too many wrong keys came from this address.', ['X-Request-Id', 'Retry-After']),
          503: page('Postgres does not answer.', ['X-Request-Id', 'Retry-After']),
        },
        meanings,
        refusals: {
          'other-page': otherPage,
          ...bodyRefusals(formLimits),
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
          303: { description: `Logged out; Location is ${loginPath}.`, type: '', headers: ['X-Request-Id', 'Location', 'Set-Cookie'] },
          503: page('Postgres does not answer.', ['X-Request-Id', 'Retry-After']),
        },
        meanings,
        refusals: { 'other-page': otherPage },
      }),
    },
  };
}
