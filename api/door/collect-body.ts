import type { IncomingMessage } from 'node:http';

/** Why a body cannot be taken. */
export type BodyRefusal = { status: 413 | 415; message: string };

export type BodyLimits = { bytesMax: number; types: ReadonlySet<string> };

/** A body that is refused for its size is still read up to here, so that the client gets to see the answer. */
const discardBytesMax = 8_388_608;

/**
 * Collects a JSON body by hand: one chunk is not copied, more than `bytesMax` is refused. Calls `done` once; not at all
 * where the client went away before the end, so that half an event is never taken.
 * What `done` throws goes to `next`. `closeAfter` asks for the connection to be closed: the rest of the body would be read as the next request.
 */
export function collectBody(
  req: IncomingMessage,
  next: (error: unknown) => void,
  { bytesMax, types }: BodyLimits,
  done: (refusal: BodyRefusal | undefined, body: Buffer, closeAfter: boolean) => void,
): void {
  const refusal = refusalByHeaders(req, bytesMax, types);
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let size = 0;
  let finished = false;

  const finish = (found: BodyRefusal | undefined, closeAfter: boolean): void => {
    if (finished) return;
    finished = true;
    try {
      done(found, more === undefined ? (first ?? empty) : Buffer.concat(more), closeAfter);
    } catch (error) {
      // Express does not see what an event listener throws; one request must not end the process.
      next(error);
    }
  };

  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (refusal !== undefined || size > bytesMax) {
      first = undefined;
      more = undefined;
      if (size > discardBytesMax) finish(refusal ?? tooLarge(bytesMax), true);
      return;
    }
    if (first === undefined) first = chunk;
    else (more ??= [first]).push(chunk);
  });
  req.on('end', () => {
    // A body that is not there has no type: the route says what is missing.
    if (size === 0 && refusal?.status === 415) finish(undefined, false);
    else finish(refusal ?? (size > bytesMax ? tooLarge(bytesMax) : undefined), false);
  });
  // The 'close' that follows says all there is to say.
  req.on('error', () => undefined);
}

const empty = Buffer.alloc(0);

function refusalByHeaders(req: IncomingMessage, bytesMax: number, types: ReadonlySet<string>): BodyRefusal | undefined {
  const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = req.headers;
  if (type === undefined || !isTaken(type, types))
    return { status: 415, message: `Content-Type must be ${[...types].join(' or ')} in UTF-8` };
  if (encoding !== undefined && encoding !== 'identity')
    return { status: 415, message: 'Content-Encoding is not taken here: send the body as it is' };
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

function tooLarge(bytesMax: number): BodyRefusal {
  return { status: 413, message: `The body has more than ${bytesMax} bytes` };
}
