import type { Watch } from '#domain/scan-json.ts';
import { scanJson } from '#domain/scan-json.ts';
import { levelsMax, wrapperLevelsMax } from '#domain/value.ts';

/**
 * Finds the client's own bytes of each row in a body that wraps rows, as `{"records":[{"value":...}, ...]}` does: parsed
 * and written again, numbers would change their spelling (1.0, 1e2, 20 digits).
 */

/** Half-open byte ranges of the values in record order; null for a record without one. */
export type ValueSpan = { from: number; to: number } | null;

/** Whether a member's key is the one that is looked for. */
type IsKey = (key: string) => boolean;

const isRecords: IsKey = (key) => key === 'records';
const isValue: IsKey = (key) => key === 'value';

/** What stands around the list of records and the members of an only record, around a record, around its members. */
const topDepth = 1;
const recordDepth = 2;
const memberDepth = 3;

/**
 * @param body a JSON text whose top level is an object with one array of objects under a key that `isList` knows, by
 *   default `records`; in each at most one key that `isMember` knows, by default `value`. Nothing of this is checked again.
 */
export function findRecordValues(body: Buffer, isList = isRecords, isMember = isValue): ValueSpan[] {
  const characters = charactersOf(body);
  const spans: ValueSpan[] = [];
  let inList = false;
  let isWanted = false;
  let from = 0;
  let span: ValueSpan = null;
  scan(body, {
    passOver: { depth: memberDepth, characters },
    key(depth, start, end) {
      if (depth === memberDepth) isWanted = inList && isMember(keyBetween(characters, start, end));
      else if (depth === topDepth) inList = isList(keyBetween(characters, start, end));
    },
    begin(depth, at) {
      if (depth === memberDepth) from = at;
    },
    end(depth, at) {
      if (depth === memberDepth) {
        if (isWanted) span = { from, to: at };
      } else if (depth === recordDepth && inList) {
        spans.push(span);
        span = null;
      }
    },
  });
  return spans;
}

/** As above, for a body that is the only record itself. */
export function findRecordValue(body: Buffer, isMember: IsKey): ValueSpan {
  const characters = charactersOf(body);
  let isWanted = false;
  let from = 0;
  let span: ValueSpan = null;
  scan(body, {
    passOver: { depth: topDepth, characters },
    key(_depth, start, end) {
      isWanted = isMember(keyBetween(characters, start, end));
    },
    begin(_depth, at) {
      from = at;
    },
    end(depth, at) {
      if (depth === topDepth && isWanted) span = { from, to: at };
    },
  });
  return span;
}

function scan(body: Buffer, watch: Watch): void {
  scanJson(body, body[0] === 0xef ? 3 : 0, levelsMax + wrapperLevelsMax, watch);
}

/** One character a byte, so that places are the same. The names that are looked for are ASCII. */
function charactersOf(body: Buffer): string {
  return body.toString('latin1');
}

function keyBetween(characters: string, from: number, to: number): string {
  const key = characters.slice(from, to);
  return key.includes('\\') ? (JSON.parse(`"${key}"`) as string) : key;
}
