import type { IncomingMessage } from 'node:http';
import { waitsToSend } from '#api/answers/answer-early.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal } from '#api/answers/refusal.ts';
import type { Behind } from '#api/door/behind.ts';
import type { BodyLimits } from '#api/door/body-limits.ts';
import { encodingOf, refusalByHeaders } from '#api/door/body-limits.ts';
import { decodeAs } from '#api/door/gather-decoded.ts';
import { yieldTurn } from '#api/door/gather-turns.ts';
import type { BodyBudget, BodyTaker, Gathering } from '#api/door/gathering.ts';
import { abandon, finish, release, take } from '#api/door/gathering.ts';
import { bodyTooLarge } from '#api/door/refusals.ts';

/**
 * A body that is refused is still read up to here: most clients look for an answer only when they have sent it all, and
 * a connection that is closed before that is all they see. What is discarded costs no memory.
 */
const discardBytesMax = 134_217_728;
/** After so much of a body that is sent as it is, others have their turn: a fast sender's pieces come without a pause. */
const turnBytesMax = 131_072;

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
  fail: BodyTaker['fail'],
  { limits, budget, found }: { limits: BodyLimits; budget: BodyBudget; found: Refusal | undefined },
  write: BodyTaker['write'],
  done: BodyTaker['done'],
): void {
  const refusal = found ?? refusalByHeaders(req, limits);
  const encoding = refusal === undefined && limits.encodings !== undefined ? encodingOf(req) : undefined;
  const body: Gathering = {
    req,
    limits,
    budget,
    write,
    done,
    fail,
    refusal,
    size: 0,
    looked: 0,
    turnBegan: 0,
    held: 0,
    hasEnded: false,
    isRead: false,
    isBehind: false,
    finished: false,
    decoder: undefined,
  };
  // Nothing is on its way yet, and nothing need be.
  if (refusal !== undefined && waitsToSend(req)) return finish(body, true);
  const pass = encoding === undefined ? (chunk: Buffer) => take(body, chunk) : decodeAs(encoding, body);
  req.on('data', (chunk: Buffer) => hear(body, chunk, pass, encoding !== undefined));
  req.on('end', () => hearEnd(body, found));
  // The 'close' that follows says all there is to say.
  req.on('error', () => undefined);
  req.on('close', () => {
    if (!body.hasEnded && !body.finished) abandon(body);
  });
}

function hear(body: Gathering, chunk: Buffer, pass: (chunk: Buffer) => Refusal | Behind | undefined, isEncoded: boolean): void {
  if (body.finished) return;
  const { bytesMax } = body.limits;
  body.size += chunk.length;
  if (body.refusal === undefined && body.size <= bytesMax) body.looked = body.size;
  const said = body.refusal ?? (body.size > bytesMax ? bodyTooLarge(bytesMax) : pass(chunk));
  if (said === undefined || !isRefusal(said)) {
    body.isBehind = said !== undefined || body.isBehind;
    if (said !== undefined || (body.size - body.turnBegan > turnBytesMax && !isEncoded)) yieldTurn(body);
    return;
  }
  body.refusal = said;
  body.decoder?.destroy();
  release(body);
  if (body.size > (body.limits.discardBytesMax ?? discardBytesMax)) finish(body, true);
}

/** `found` is what was wrong before the body was read. */
function hearEnd(body: Gathering, found: Refusal | undefined): void {
  body.hasEnded = true;
  // A body that is not there has no type: the route says what is missing.
  if (body.size === 0 && body.refusal?.reason === 'unsupported_type') body.refusal = found;
  if (body.decoder !== undefined && body.refusal === undefined) return body.finished ? undefined : body.decoder.end();
  body.isRead = true;
  if (!body.isBehind || body.refusal !== undefined) finish(body, false);
}
