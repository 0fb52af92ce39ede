import type { BodyLimits } from '#api/door/gather-body.ts';
import type { Refusal } from '#api/answers/refusal.ts';

/** What a refusal's status means to a client, whatever the route. */
export function meaningOf(status: number): string {
  return meanings[status] ?? 'The request is refused.';
}

const meanings: Readonly<Record<number, string>> = {
  400: 'The body cannot be read: it is no UTF-8, or not what its Content-Encoding says.',
  401: 'A key is needed, and none that is valid was shown.',
  403: 'The key may not do this.',
  404: 'There is no such thing.',
  406: 'The request accepts no content type that there is.',
  409: 'A request with the same Idempotency-Key is still running.',
  413: 'The body is too large; nothing was sent.',
  415: 'The body has a type or an encoding that is not taken here.',
  422: 'The request is not as it must be; nothing was sent.',
  429: 'The key has sent more than it may, or has as many outcomes kept as it may; nothing was sent. Retry-After says when to come again.',
  501: 'This process does not do that.',
  503: 'Nothing was sent. Send it again later.',
  504: 'Kafka did not confirm in time: the event may exist. Sending it again does no harm.',
};

const retryAfter = { 'Retry-After': '1' };

/** Refusals that every route for events knows, by the name of their example. */
export function eventRefusals({ bytesMax, types }: BodyLimits): Record<string, Refusal> {
  return {
    'not-utf8': { status: 400, reason: 'invalid_utf8', message: 'The body is not UTF-8' },
    ...keyRefusals('append:pin', 'This key may not append events of the kind pin: it lacks the scope append:pin'),
    'twin-running': {
      status: 409,
      reason: 'idempotency_running',
      message: 'A request with this Idempotency-Key is still running, or ended without a known outcome; send the same again later',
      headers: retryAfter,
    },
    'too-large': { status: 413, reason: 'body_too_large', message: `The body has more than ${bytesMax} bytes` },
    'other-type': { status: 415, reason: 'unsupported_type', message: `Content-Type must be ${[...types].join(' or ')} in UTF-8` },
    'other-ack': {
      status: 422,
      reason: 'unknown_parameter',
      message: 'ack must be log (answer when Kafka has it) or none (answer at once)',
    },
    'other-body': {
      status: 422,
      reason: 'idempotency_mismatch',
      message: 'This Idempotency-Key was used with another target or body before; use a new key for a new request',
    },
    'too-fast': {
      status: 429,
      reason: 'rate_limited',
      message: 'This key has sent more than it may ("events";q=100;w=1); send this again in 1 s',
      headers: retryAfter,
    },
    overloaded: {
      status: 503,
      reason: 'overloaded',
      message: 'Too many events are waiting for Kafka; the event was not sent. Send it again later',
      headers: retryAfter,
    },
    'log-down': {
      status: 503,
      reason: 'log_unavailable',
      message: 'Kafka does not answer at the moment; the event was not sent. Send it again later',
      headers: retryAfter,
    },
    'outcomes-away': {
      status: 503,
      reason: 'idempotency_unavailable',
      message: 'Outcomes of keyed requests cannot be kept at the moment; send the request again later, or without Idempotency-Key',
      headers: retryAfter,
    },
    unconfirmed: {
      status: 504,
      reason: 'log_timeout',
      message: 'Kafka did not confirm the event in time; it may exist. Sending it again does no harm',
    },
  };
}

/** Refusals of a route that asks for a key. */
export function keyRefusals(scope: string, message = `This key may not do that: it lacks the scope ${scope}`): Record<string, Refusal> {
  return {
    'no-key': {
      status: 401,
      reason: 'unauthenticated',
      message: 'A key is needed here: send it as Authorization: Bearer <key>, or log in at /login. npx pinflow keys create makes one',
      headers: { 'WWW-Authenticate': 'Bearer realm="pinflow"' },
    },
    'no-scope': { status: 403, reason: 'forbidden', message },
    'keys-away': {
      status: 503,
      reason: 'keys_unavailable',
      message: 'The keys cannot be read from Postgres at the moment; send this again later',
      headers: retryAfter,
    },
  };
}
