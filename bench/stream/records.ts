import { createHash } from 'node:crypto';
import { makePins } from '#bench/ingest/pins.ts';

/** A record that is to be in the log: its identity and the client's bytes. */
export type PinRecord = { identity: string; text: string };

/** Making a text costs 0.1 ms, so they repeat, under identities of their own. */
const textCount = 11_000;
/** Without a common divisor with `textCount`: neighbours are of many categories, as when many people post. */
const stride = 7_919;
/** Every so many records one is sent again, byte for byte. */
export const resendEvery = 20;
/** How many records later: beyond one batch of its partition, so that Postgres and not the batch finds it. */
const resentAfter = 10_000;

/**
 * Pins as makePins writes them, `count` of them; every twentieth one is one that was sent before. Identities are UUIDs in
 * no order, as clients make them. A pure function of `count`.
 */
export function* makeRecords(count: number): Generator<PinRecord> {
  const texts = makePins(Math.min(count, textCount)).map(splitAtIdentity);
  const behind = Math.min(resentAfter, count >> 1);
  for (let i = 0; i < count; i++) {
    const number = i >= behind && i % resendEvery === resendEvery - 1 ? i - behind - 1 : i;
    const identity = uuidOf(number);
    const [before, after] = texts[(number * stride) % texts.length]!;
    yield { identity, text: before + identity + after };
  }
}

function splitAtIdentity(text: string): readonly [before: string, after: string] {
  const name = '"unique_id": "';
  const start = text.indexOf(name) + name.length;
  return [text.slice(0, start), text.slice(text.indexOf('"', start))];
}

/** Spread over the whole range, with the marks of a random UUID. */
function uuidOf(number: number): string {
  const hex = createHash('md5').update(String(number)).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
