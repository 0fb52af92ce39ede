import { sessionCookie } from '#api/access/credentials.ts';

/** How long a session holds at most. */
export const sessionSecondsMax = 12 * 3_600;

/** The header that gives a browser its session, or with 0 seconds takes it back. */
export function cookieText(isSecure: boolean, value: string, seconds: number): string {
  return `${sessionCookie}=${value}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${seconds}${isSecure ? '; Secure' : ''}`;
}
