import type { ServerResponse } from 'node:http';
import { endAndLeaveBody, unreadBodyOf } from '#api/answers/answer-early.ts';

/** An answer as a value: written once, and kept for requests with an Idempotency-Key. */
export type Answer = {
  status: number;
  body: string | Buffer;
  headers: Readonly<Record<string, string>>;
  /** The request may be sent again as it was and end better: what was said is not the last word on it. */
  isRetriable?: boolean;
  /** Where it was said before Kafka decided: what there is to say afterwards. For whoever keeps the outcome. */
  afterwards?: () => Promise<Answer>;
};

const json = { 'Content-Type': 'application/json' };

export function answerJson(status: number, body: string | Buffer, headers?: Record<string, string>): Answer {
  return { status, body, headers: headers === undefined ? json : { ...json, ...headers } };
}

const policyHeader = 'Content-Security-Policy';
/** On every answer. */
const commonHeaders = ['X-Content-Type-Options', 'nosniff', 'Cache-Control', 'no-store'];
/** On every answer that does not bring a policy of its own, as pages do: it is data, whatever a browser makes of it. */
const dataHeaders = [...commonHeaders, policyHeader, "default-src 'none'; frame-ancestors 'none'"];

/**
 * Writes the answer. Bypasses Express's `res.send`: on the hot route its negotiation costs more than the rest of the
 * answer. Does nothing where the client has gone or an answer has begun.
 */
export function writeAnswer(res: ServerResponse, { status, body, headers }: Answer, more?: Readonly<Record<string, string>>): void {
  if (res.headersSent || res.destroyed) return;
  const all: (string | number)[] = policyHeader in headers ? [...commonHeaders] : [...dataHeaders];
  for (const name in headers) all.push(name, headers[name]!);
  for (const name in more) all.push(name, more[name]!);
  const leavesBody = unreadBodyOf(res.req) === 'leave';
  if (leavesBody && !all.includes('Connection')) all.push('Connection', 'close');
  // What has no body may not tell its length (RFC 9110, 8.6).
  if (status !== 204) all.push('Content-Length', typeof body === 'string' ? Buffer.byteLength(body) : body.length);
  res.writeHead(status, all);
  if (leavesBody) endAndLeaveBody(res, body);
  else res.end(body);
}

/** Begins an answer with 200 whose body comes bit by bit; no proxy on the way may collect it. */
export function beginAnswer(res: ServerResponse, headers: Readonly<Record<string, string>>): void {
  res.writeHead(200, [...dataHeaders, 'X-Accel-Buffering', 'no', ...Object.entries(headers).flat()]);
  res.flushHeaders();
}
