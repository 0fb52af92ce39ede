import type { Refusal } from '#api/answers/refusal.ts';
import { overloaded } from '#api/answers/refusal.ts';

/** What every route that takes events may say, and some of it every route that has a body. */

/** `when` ends the sentence where it is not the body as it was sent. */
export function bodyTooLarge(bytesMax: number, when = ''): Refusal {
  return { status: 413, reason: 'body_too_large', message: `The body has more than ${bytesMax} bytes${when}` };
}

export function unsupportedType(types: ReadonlySet<string>): Refusal {
  return { status: 415, reason: 'unsupported_type', message: `Content-Type must be ${[...types].join(' or ')} in UTF-8` };
}

/** `encodings` are those that there are; undefined where a body may not be compressed. */
export function unsupportedEncoding(encodings: ReadonlySet<string> | undefined): Refusal {
  return {
    status: 415,
    reason: 'unsupported_encoding',
    message:
      encodings === undefined
        ? 'Content-Encoding is not taken here: send the body as it is'
        : `Content-Encoding must be one of ${[...encodings].join(', ')}, or absent`,
    headers: { 'Accept-Encoding': encodings === undefined ? 'identity' : [...encodings].join(', ') },
  };
}

export function brokenEncoding(name: string): Refusal {
  return {
    status: 400,
    reason: 'broken_encoding',
    message: `The body is not what Content-Encoding says: one whole ${name} stream and nothing behind it`,
  };
}

export const tooManyBodies = overloaded('Too many bodies are being read; send the request again later');

export const unknownAck: Refusal = {
  status: 422,
  reason: 'unknown_parameter',
  message: 'ack must be log (answer when Kafka has it) or none (answer at once)',
};

/** Longest Idempotency-Key. */
export const keyCharactersMax = 255;

export const badIdempotencyKey: Refusal = {
  status: 422,
  reason: 'unknown_parameter',
  message: `Idempotency-Key must have 1 to ${keyCharactersMax} characters`,
};

export const twinRunning: Refusal = {
  status: 409,
  reason: 'idempotency_running',
  message: 'A request with this Idempotency-Key is still running, or ended without a known outcome; send the same again later',
  headers: { 'Retry-After': '1' },
};

export const otherRequest: Refusal = {
  status: 422,
  reason: 'idempotency_mismatch',
  message: 'This Idempotency-Key was used with another target or body before; use a new key for a new request',
};

export const noRoomForOutcome: Refusal = {
  status: 429,
  reason: 'idempotency_quota',
  message:
    'This key has as many outcomes of keyed requests kept as it may; those it has are answered, new ones are taken when old ones are out of retention, or without Idempotency-Key',
  headers: { 'Retry-After': '60' },
};

export const outcomesUnavailable: Refusal = {
  status: 503,
  reason: 'idempotency_unavailable',
  message: 'Outcomes of keyed requests cannot be kept at the moment; send the request again later, or without Idempotency-Key',
  headers: { 'Retry-After': '1' },
};
