import type { Request, RequestHandler } from 'express';
import type { Postgres } from '#adapters/postgres.ts';
import type { Clients } from '#api/access/clients.ts';
import { loginPath, readSessionCookie } from '#api/access/credentials.ts';
import { isFromOtherPages } from '#api/access/cross-site.ts';
import type { Bucket } from '#api/access/gcra.ts';
import { makeBucket } from '#api/access/gcra.ts';
import type { HeldKey, KeyRing } from '#api/access/key-ring.ts';
import { bearerChallenge } from '#api/access/refusals.ts';
import { unwantedBytesMax } from '#api/answers/answer-early.ts';
import type { Answer } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal } from '#api/answers/refusal.ts';
import type { BodyBudget } from '#api/door/gathering.ts';
import { queryOf } from '#api/door/query.ts';
import { keysOffPage, loggedInPage, loginPage } from '#api/login/login-page.ts';
import { otherPage } from '#api/login/refusals.ts';
import { cookieText, sessionSecondsMax } from '#api/login/session-cookie.ts';
import type { MakeOperation } from '#api/operations/operation.ts';
import { readWholeBody } from '#api/operations/read-body.ts';
import { Failure } from '#domain/failures.ts';
import { isSecret } from '#keys/secrets.ts';
import { beginSession, endSession } from '#keys/sessions.ts';

export type LoginDependencies = {
  postgres: Pick<Postgres, 'transaction' | 'execute'>;
  /** Absent where keys are off. */
  ring: KeyRing | undefined;
  budget: BodyBudget;
  clients: Clients;
};

/** Anybody may send a form, so that little is read of one that is none. */
export const formLimits = { bytesMax: 4_096, types: new Set(['application/x-www-form-urlencoded']), discardBytesMax: unwantedBytesMax };
/** Wrong keys that an address may send: ten at once, then one in five seconds. */
const wrongKeys = { perSecond: 0.2, burst: 10, addressesMax: 1_000 };

/** `/login`: a browser trades a key for an HttpOnly cookie, which holds a secret of its own; `/logout` gives it back. */
export function makeLoginHandlers(
  makeOperation: MakeOperation,
  { postgres, ring, budget, clients }: LoginDependencies,
): Record<'show' | 'logIn' | 'logOut', RequestHandler> {
  const bucketOf = makeBucketPerAddress();
  /**
   * Where the browser itself says that it came over TLS, or a trusted proxy does; this process sees no TLS. Whoever lies
   * about the origin gets a cookie that his browser does not send.
   */
  const isSecure = (req: Request): boolean => req.headers.origin?.startsWith('https:') === true || clients.isSecure(req);
  const asked = async (req: Request): Promise<Answer> => {
    if (ring === undefined) return keysOffPage();
    const { caller } = (await findSession(ring, readSessionCookie(req))) ?? {};
    const next = localPath(queryOf(req).get('next'));
    return caller === undefined ? loginPage(200, { next }) : loggedInPage(caller.name, caller.scopes);
  };

  async function logIn(req: Request): Promise<Answer | Refusal> {
    if (ring === undefined) return keysOffPage();
    if (isFromOtherPages(req, clients)) return otherPage;
    const body = await readWholeBody(req, formLimits, budget);
    if (isRefusal(body)) return body;
    const form = new URLSearchParams(body.toString('utf8'));
    const next = localPath(form.get('next'));
    const bucket = bucketOf(clients.addressOf(req));
    const waitSeconds = Math.ceil(bucket.waitMs(1, performance.now()) / 1_000);
    if (waitSeconds > 0)
      return loginPage(
        429,
        { next, problem: `Too many wrong keys: try again in ${waitSeconds} s.` },
        { 'Retry-After': String(waitSeconds) },
      );
    const held = await findKey(ring, form.get('key')?.trim() ?? '');
    if (held === undefined && !ring.isLoaded()) return awayPage(next);
    if (held === undefined) {
      bucket.take(1, performance.now());
      const problem = 'This key is not known, has expired, or was revoked.';
      return loginPage(401, { next, problem }, { 'WWW-Authenticate': bearerChallenge });
    }
    const seconds = Math.max(1, Math.min(sessionSecondsMax, Math.floor((held.expiresAtMs - Date.now()) / 1_000)));
    const secret = await orAway(() => beginSession(postgres, held.caller.keyId, seconds));
    if (secret === undefined) return awayPage(next);
    await ring.reload();
    return goTo(next, cookieText(isSecure(req), secret, seconds));
  }

  async function logOut(req: Request): Promise<Answer | Refusal> {
    if (isFromOtherPages(req, clients)) return otherPage;
    const secret = readSessionCookie(req);
    if (secret !== undefined && (await orAway(() => endSession(postgres, secret))) === undefined) return awayPage(loginPath);
    await ring?.reload();
    return goTo(loginPath, cookieText(isSecure(req), '', 0));
  }

  return {
    show: makeOperation({ name: 'login', scope: 'open', answer: asked }),
    logIn: makeOperation({ name: 'login', scope: 'open', answer: logIn }),
    logOut: makeOperation({ name: 'logout', scope: 'open', answer: logOut }),
  };
}

async function findKey(ring: KeyRing, secret: string): Promise<HeldKey | undefined> {
  const held = ring.findKey(secret);
  if (held !== undefined || !isSecret(secret)) return held;
  await ring.reloadSoon();
  return ring.findKey(secret);
}

async function findSession(ring: KeyRing, secret = ''): Promise<HeldKey | undefined> {
  const held = ring.findSession(secret);
  if (held !== undefined || !isSecret(secret)) return held;
  await ring.reloadSoon();
  return ring.findSession(secret);
}

async function orAway<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failure && error.canRetry) return undefined;
    throw error;
  }
}

function awayPage(next: string): Answer {
  return loginPage(503, { next, problem: 'Postgres does not answer at the moment: try again later.' }, { 'Retry-After': '1' });
}

function goTo(location: string, cookie: string): Answer {
  return { status: 303, body: '', headers: { Location: location, 'Set-Cookie': cookie } };
}

/** A path of this API; whatever else was asked for becomes /login, which says who is logged in. */
function localPath(wanted: string | null): string {
  const base = 'http://pinflow.invalid';
  if (wanted === null || !wanted.startsWith('/') || !URL.canParse(wanted, base)) return loginPath;
  const { origin, pathname, search } = new URL(wanted, base);
  // A path that begins with two slashes names a host.
  return origin === base && !pathname.startsWith('//') ? pathname + search : loginPath;
}

/** Buckets of wrong keys by address; the address seen first is forgotten first. */
function makeBucketPerAddress(): (address: string) => Bucket {
  const buckets = new Map<string, Bucket>();
  return (address) => {
    let bucket = buckets.get(address);
    if (bucket === undefined) {
      if (buckets.size >= wrongKeys.addressesMax) buckets.delete(buckets.keys().next().value!);
      buckets.set(address, (bucket = makeBucket(wrongKeys.perSecond, wrongKeys.burst)));
    }
    return bucket;
  };
}
