import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal } from '#api/answers/refusal.ts';
import type { BodyEncoding } from '#api/door/decode-body.ts';
import { makeBodyDecoder } from '#api/door/decode-body.ts';
import { yieldTurn } from '#api/door/gather-turns.ts';
import type { Gathering } from '#api/door/gathering.ts';
import { finish, hold, refuse, take } from '#api/door/gathering.ts';
import { bodyTooLarge, brokenEncoding } from '#api/door/refusals.ts';

/** What a decoder costs before it has decoded anything; its window grows with what it decodes. */
const decoderBytes = 262_144;

/** What passes the pieces of a body through its decoder, which is made for the first of them. */
export function decodeAs(name: BodyEncoding, body: Gathering): (chunk: Buffer) => Refusal | undefined {
  const { bytesMax } = body.limits;
  let decoded = 0;
  const listener = {
    data(chunk: Buffer): void {
      decoded += chunk.length;
      const said = decoded > bytesMax ? bodyTooLarge(bytesMax, ' when decoded') : take(body, chunk);
      if (said === undefined) return;
      if (isRefusal(said)) return refuse(body, said);
      body.isBehind = true;
      yieldTurn(body);
    },
    drain: () => void body.req.resume(),
    end(): void {
      body.isRead = true;
      if (!body.isBehind) finish(body, false);
    },
    broken: () => refuse(body, brokenEncoding(name)),
  };
  return (chunk) => {
    if (body.decoder === undefined) {
      const full = hold(body, decoderBytes);
      if (full !== undefined) return full;
      body.decoder = makeBodyDecoder(name, listener);
    }
    if (!body.decoder.write(chunk)) body.req.pause();
    return undefined;
  };
}
