import type { IncomingMessage } from 'node:http';
import { waitsToSend } from '#api/answers/answer-early.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal } from '#api/answers/refusal.ts';
import type { Behind } from '#api/door/behind.ts';
import type { BodyDecoder, BodyEncoding, DecoderListener } from '#api/door/decode-body.ts';
import { makeBodyDecoder } from '#api/door/decode-body.ts';
import { bodyTooLarge, brokenEncoding, tooManyBodies, unsupportedEncoding, unsupportedType } from '#api/door/refusals.ts';

export type BodyLimits = {
  /** As sent, and as decoded. */
  bytesMax: number;
  types: ReadonlySet<string>;
  /** What the body may be compressed with; absent where it may not be. */
  encodings?: ReadonlySet<BodyEncoding>;
  /** What is read of a body that is refused. Default: much. */
  discardBytesMax?: number;
};

/** Bytes of bodies that are being read, decoded, over all connections: many slow senders must not fill the memory. */
export type BodyBudget = {
  bytesUsed: number;
  readonly bytesMax: number;
  /** Gives back, where it can, what stands in the way of so many bytes. Set by what holds some that it can do without. */
  makeRoom?(bytes: number): void;
};

/**
 * A body that is refused is still read up to here: most clients look for an answer only when they have sent it all, and
 * a connection that is closed before that is all they see. What is discarded costs no memory.
 */
const discardBytesMax = 134_217_728;
/** After so much of a body that is sent as it is, others have their turn: a fast sender's pieces come without a pause. */
const turnBytesMax = 131_072;
/** What a decoder costs before it has decoded anything; its window grows with what it decodes. */
const decoderBytes = 262_144;

/**
 * Reads a request's body in pieces. Calls `done` once with what was found against the request, after the body's end or
 * after so much of a refused body that reading on makes no sense (`closeAfter`: the rest would be read as the next
 * request); not at all where the client went away before the end, so that half an event is never taken. `looked` is how
 * many of the bytes were looked at: the rest was discarded.
 * `found` is what is wrong before the body is read. What `write` or `done` throw goes to `fail`. Where `done` answers a
 * promise, what the body holds counts until that is settled. Where `write` says that it is behind it is called without a
 * piece, once in each turn of the loop, until it is not; the body waits meanwhile.
 */
export function gatherBody(
  req: IncomingMessage,
  fail: (error: unknown) => void,
  { limits, budget, found }: { limits: BodyLimits; budget: BodyBudget; found: Refusal | undefined },
  write: (chunk: Buffer | undefined) => Refusal | Behind | undefined,
  done: (refusal: Refusal | undefined, bytes: number, closeAfter: boolean, looked: number) => void | Promise<void>,
): void {
  let refusal = found ?? refusalByHeaders(req, limits);
  let size = 0;
  let looked = 0;
  let turnBegan = 0;
  let held = 0;
  let hasEnded = false;
  /** Whether the last piece came: a stream tells its end also where it was paused in that piece. */
  let isRead = false;
  let isBehind = false;
  let finished = false;
  const encoding = refusal === undefined && limits.encodings !== undefined ? encodingOf(req) : undefined;
  let decoder: BodyDecoder | undefined;

  const finish = (closeAfter: boolean): void => {
    if (finished) return;
    finished = true;
    let working: void | Promise<void> = undefined;
    try {
      working = done(refusal, size, closeAfter, looked);
    } catch (error) {
      // Express does not see what an event listener throws; one request must not end the process.
      fail(error);
    }
    if (working === undefined) release();
    else
      working.then(release, (error: unknown) => {
        release();
        fail(error);
      });
  };
  const release = (): void => {
    budget.bytesUsed -= held;
    held = 0;
  };
  const abandon = (): void => {
    finished = true;
    decoder?.destroy();
    release();
  };

  function hold(bytes: number): Refusal | undefined {
    if (budget.bytesUsed + bytes > budget.bytesMax) budget.makeRoom?.(bytes);
    if (budget.bytesUsed + bytes > budget.bytesMax) return tooManyBodies;
    held += bytes;
    budget.bytesUsed += bytes;
    return undefined;
  }

  function take(chunk: Buffer | undefined): Refusal | Behind | undefined {
    const full = chunk === undefined ? undefined : hold(chunk.length);
    if (full !== undefined) return full;
    try {
      return write(chunk);
    } catch (error) {
      abandon();
      fail(error);
      return undefined;
    }
  }

  /** Outside of the body's own events. */
  function refuse(why: Refusal): void {
    refusal ??= why;
    decoder?.destroy();
    release();
    if (hasEnded) finish(false);
    else req.resume();
  }

  /** What passes the pieces of a body through its decoder. */
  function decodeAs(name: BodyEncoding): (chunk: Buffer) => Refusal | undefined {
    let decoded = 0;
    const listener: DecoderListener = {
      data(chunk) {
        decoded += chunk.length;
        const said = decoded > limits.bytesMax ? bodyTooLarge(limits.bytesMax, ' when decoded') : take(chunk);
        if (said === undefined) return;
        if (isRefusal(said)) return refuse(said);
        isBehind = true;
        yieldTurn();
      },
      drain: () => void req.resume(),
      end() {
        isRead = true;
        if (!isBehind) finish(false);
      },
      broken: () => refuse(brokenEncoding(name)),
    };
    return (chunk) => {
      if (decoder === undefined) {
        const full = hold(decoderBytes);
        if (full !== undefined) return full;
        decoder = makeBodyDecoder(name, listener);
      }
      if (!decoder.write(chunk)) req.pause();
      return undefined;
    };
  }

  /** Others have their turn; then the reader goes on where it is behind, and when it is not the body goes on. */
  function yieldTurn(): void {
    turnBegan = size;
    (decoder ?? req).pause();
    setImmediate(() => {
      if (refusal !== undefined) return;
      const said = isBehind && !finished ? take(undefined) : undefined;
      if (said !== undefined) return isRefusal(said) ? refuse(said) : yieldTurn();
      isBehind = false;
      if (isRead) finish(false);
      else (decoder ?? req).resume();
    });
  }

  // Nothing is on its way yet, and nothing need be.
  if (refusal !== undefined && waitsToSend(req)) return finish(true);
  const pass = encoding === undefined ? take : decodeAs(encoding);
  req.on('data', (chunk: Buffer) => {
    if (finished) return;
    size += chunk.length;
    if (refusal === undefined && size <= limits.bytesMax) looked = size;
    const said = refusal ?? (size > limits.bytesMax ? bodyTooLarge(limits.bytesMax) : pass(chunk));
    if (said === undefined || !isRefusal(said)) {
      isBehind = said !== undefined || isBehind;
      if (said !== undefined || (size - turnBegan > turnBytesMax && encoding === undefined)) yieldTurn();
      return;
    }
    refusal = said;
    decoder?.destroy();
    release();
    if (size > (limits.discardBytesMax ?? discardBytesMax)) finish(true);
  });
  req.on('end', () => {
    hasEnded = true;
    // A body that is not there has no type: the route says what is missing.
    if (size === 0 && refusal?.reason === 'unsupported_type') refusal = found;
    if (decoder !== undefined && refusal === undefined) return finished ? undefined : decoder.end();
    isRead = true;
    if (!isBehind || refusal !== undefined) finish(false);
  });
  // The 'close' that follows says all there is to say.
  req.on('error', () => undefined);
  req.on('close', () => {
    if (!hasEnded && !finished) abandon();
  });
}

function refusalByHeaders(req: IncomingMessage, { bytesMax, types, encodings }: BodyLimits): Refusal | undefined {
  const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = req.headers;
  if (type === undefined || !isTaken(type, types)) return unsupportedType(types);
  if (encoding !== undefined && nameOf(encoding) !== 'identity' && encodings?.has(nameOf(encoding) as BodyEncoding) !== true)
    return unsupportedEncoding(encodings);
  return length !== undefined && Number(length) > bytesMax ? bodyTooLarge(bytesMax) : undefined;
}

/** What the body is compressed with, once its headers are found to be good. */
function encodingOf(req: IncomingMessage): BodyEncoding | undefined {
  const name = nameOf(req.headers['content-encoding'] ?? 'identity');
  return name === 'identity' ? undefined : (name as BodyEncoding);
}

function nameOf(encoding: string): string {
  return encoding.trim().toLowerCase();
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
