import { loginPath } from '#api/access/credentials.ts';
import { cookieText, sessionSecondsMax } from '#api/login/session-cookie.ts';
import { describeHeader } from '#api/openapi/header.ts';

/** Headers by which a browser gets its session and goes on. */
export const loginHeaders = {
  Location: describeHeader('Where to go.', loginPath),
  'Set-Cookie': describeHeader('The session.', cookieText(false, '…', sessionSecondsMax)),
};
