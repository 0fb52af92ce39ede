import type { IncomingMessage } from 'node:http';
import type { Refusal } from '#api/answers/refusal.ts';
import type { BodyEncoding } from '#api/door/decode-body.ts';
import { bodyTooLarge, unsupportedEncoding, unsupportedType } from '#api/door/refusals.ts';

export type BodyLimits = {
  /** As sent, and as decoded. */
  bytesMax: number;
  types: ReadonlySet<string>;
  /** What the body may be compressed with; absent where it may not be. */
  encodings?: ReadonlySet<BodyEncoding>;
  /** What is read of a body that is refused. Default: much. */
  discardBytesMax?: number;
};

/** What is wrong with a body by what its headers say. */
export function refusalByHeaders(req: IncomingMessage, { bytesMax, types, encodings }: BodyLimits): Refusal | undefined {
  const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = req.headers;
  if (type === undefined || !isTaken(type, types)) return unsupportedType(types);
  if (encoding !== undefined && nameOf(encoding) !== 'identity' && encodings?.has(nameOf(encoding) as BodyEncoding) !== true)
    return unsupportedEncoding(encodings);
  return length !== undefined && Number(length) > bytesMax ? bodyTooLarge(bytesMax) : undefined;
}

/** What the body is compressed with, once its headers are found to be good. */
export function encodingOf(req: IncomingMessage): BodyEncoding | undefined {
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
