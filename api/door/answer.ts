import type { ServerResponse } from 'node:http';
import { Failure } from '#domain/failures.ts';

/** Content type of the REST v2 answers. */
export const restV2Type = 'application/vnd.kafka.v2+json';

/**
 * Answers with a JSON text that is ready. Bypasses Express's `res.send`: on the hot route its negotiation costs more
 * than the rest of the answer.
 */
export function answerText(
  res: ServerResponse,
  status: number,
  text: string | Buffer,
  headers: Record<string, string | number> = {},
): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': typeof text === 'string' ? Buffer.byteLength(text) : text.length,
    ...headers,
  });
  res.end(text);
}

/** Answers in FastAPI's shape for errors, `{"detail": ...}`. */
export function answerDetail(res: ServerResponse, status: number, detail: unknown, headers: Record<string, string | number> = {}): void {
  answerText(res, status, JSON.stringify({ detail }), headers);
}

/** Answers in Confluent's shape for errors: the code is the status times 100 and a running number. */
export function answerRestV2Error(
  res: ServerResponse,
  status: number,
  code: number,
  message: string,
  headers: Record<string, string | number> = {},
): void {
  answerText(res, status, JSON.stringify({ error_code: code, message }), { 'Content-Type': restV2Type, ...headers });
}

/** The HTTP status of an event that was not acked. What is no failure of ours is a fault in the program. */
export function statusOfRefusal(error: unknown): 413 | 503 | 504 | 500 {
  if (!(error instanceof Failure)) return 500;
  if (error.kind === 'timeout') return 504;
  return error.kind === 'invalid_data' ? 413 : 503;
}

/** Headers that go with a status: a client that was refused may come back in a second. */
export function headersOfStatus(status: number): Record<string, string> {
  return status === 503 ? { 'Retry-After': '1' } : {};
}
