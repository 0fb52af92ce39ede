import type { IncomingMessage, ServerResponse } from 'node:http';

/** What is read of a body that nobody wants: such a request keeps its connection, and a client that sends first sees the answer. */
export const unwantedBytesMax = 65_536;
/** How long a client whose connection ends may take to read its answer and to stop sending. */
const lingerMs = 1_000;

/**
 * What to do with the body of a request that is answered now: nothing where it is here or there is none; `discard` where
 * it is small and on its way; `leave` where it is not, or where the client waits to be asked for it.
 */
export function unreadBodyOf(req: IncomingMessage): 'none' | 'discard' | 'leave' {
  if (req.complete) return 'none';
  const { 'content-length': length, 'transfer-encoding': encoding } = req.headers;
  if (encoding === undefined && (length === undefined || Number(length) === 0)) return 'none';
  return encoding === undefined && Number(length) <= unwantedBytesMax && !waitsToSend(req) ? 'discard' : 'leave';
}

/** Whether the client sends the body only after `100 Continue`; node writes that when the body is read (api/listen.ts). */
export function waitsToSend(req: IncomingMessage): boolean {
  return req.headers.expect !== undefined && req.httpVersion === '1.1';
}

/**
 * Ends an answer whose headers are written (with a length, and `Connection: close`) and whose request's body is left in its
 * connection. Closed at once, with bytes unread, the client would see a reset in place of the answer: what still comes
 * is discarded up to a bound, until the client stops or its time is over.
 */
export function endAndLeaveBody(res: ServerResponse, body: string | Buffer): void {
  const { req } = res;
  let left = unwantedBytesMax;
  const end = (): void => {
    clearTimeout(patience);
    res.end();
  };
  const patience = setTimeout(end, lingerMs);
  // With all of its length written the client has the whole answer, though the connection lives on for a moment.
  if (body.length > 0) res.write(body);
  else res.flushHeaders();
  // Whoever leaves now has what he came for.
  req.on('error', () => undefined);
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) req.pause();
  });
  req.once('end', end);
  res.once('close', () => clearTimeout(patience));
  req.resume();
}
