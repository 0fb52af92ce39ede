import type { IncomingMessage } from 'node:http';
import type { Refusal } from '#api/door/refusal.ts';
import { overloaded } from '#api/door/refusal.ts';

export type BodyLimits = { bytesMax: number; types: ReadonlySet<string> };

/** Bytes of bodies that are being read, over all connections: many slow senders must not fill the memory. */
export type BodyBudget = { bytesUsed: number; readonly bytesMax: number };

/** A body that is refused is still read up to here, so that the client gets to see the answer. */
const discardBytesMax = 8_388_608;

/**
 * Reads a request's body in pieces. Calls `done` once with what was found against the request, after the body's end or
 * after so much of a refused body that reading on makes no sense (`closeAfter`: the rest would be read as the next
 * request); not at all where the client went away before the end, so that half an event is never taken.
 * `found` is what is wrong before the body is read. What `write` or `done` throw goes to `next`.
 */
export function gatherBody(
  req: IncomingMessage,
  next: (error: unknown) => void,
  { limits, budget, found }: { limits: BodyLimits; budget: BodyBudget; found: Refusal | undefined },
  write: (chunk: Buffer) => Refusal | undefined,
  done: (refusal: Refusal | undefined, bytes: number, closeAfter: boolean) => void,
): void {
  let refusal = found ?? refusalByHeaders(req, limits);
  let size = 0;
  let held = 0;
  let finished = false;

  const finish = (closeAfter: boolean): void => {
    if (finished) return;
    finished = true;
    try {
      done(refusal, size, closeAfter);
    } catch (error) {
      // Express does not see what an event listener throws; one request must not end the process.
      next(error);
    } finally {
      release();
    }
  };
  const release = (): void => {
    budget.bytesUsed -= held;
    held = 0;
  };

  req.on('data', (chunk: Buffer) => {
    if (finished) return;
    size += chunk.length;
    refusal ??= size > limits.bytesMax ? tooLarge(limits.bytesMax) : take(chunk);
    if (refusal === undefined) return;
    release();
    if (size > discardBytesMax) finish(true);
  });

  function take(chunk: Buffer): Refusal | undefined {
    if (budget.bytesUsed + chunk.length > budget.bytesMax)
      return overloaded('Too many bodies are being read; send the request again later');
    held += chunk.length;
    budget.bytesUsed += chunk.length;
    try {
      return write(chunk);
    } catch (error) {
      finished = true;
      next(error);
      return undefined;
    }
  }

  req.on('end', () => {
    // A body that is not there has no type: the route says what is missing.
    if (size === 0 && refusal?.reason === 'unsupported_type') refusal = found;
    finish(false);
  });
  // The 'close' that follows says all there is to say.
  req.on('error', () => undefined);
  req.on('close', release);
}

function refusalByHeaders(req: IncomingMessage, { bytesMax, types }: BodyLimits): Refusal | undefined {
  const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = req.headers;
  if (type === undefined || !isTaken(type, types))
    return { status: 415, reason: 'unsupported_type', message: `Content-Type must be ${[...types].join(' or ')} in UTF-8` };
  if (encoding !== undefined && encoding !== 'identity')
    return {
      status: 415,
      reason: 'unsupported_encoding',
      message: 'Content-Encoding is not taken here: send the body as it is',
    };
  return length !== undefined && Number(length) > bytesMax ? tooLarge(bytesMax) : undefined;
}

function isTaken(contentType: string, types: ReadonlySet<string>): boolean {
  if (types.has(contentType)) return true;
  const [type = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  return types.has(type) && (charset === undefined || charset.slice(8).replaceAll('"', '') === 'utf-8');
}

function tooLarge(bytesMax: number): Refusal {
  return { status: 413, reason: 'body_too_large', message: `The body has more than ${bytesMax} bytes` };
}
