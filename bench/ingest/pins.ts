import { makeSyntheticRows } from '#emulator/synthetic/rows.ts';

const bytesMin = 765;
const bytesMax = 865;
const beyondAscii = /[^\x00-\x7f]/g;

/**
 * Synthetic pins as the first clients write them (ASCII-escaped, a blank after each comma and colon), about 815 bytes
 * each as in the course's data; a pure function of `count`.
 */
export function makePins(count: number): string[] {
  const pins: string[] = [];
  for (let seed = 1; pins.length < count; seed++) {
    for (const pin of makeSyntheticRows(seed).pin) {
      const text = asPythonWrites(pin);
      if (text.length >= bytesMin && text.length <= bytesMax) pins.push(text);
    }
  }
  return pins.slice(0, count);
}

function asPythonWrites(row: object): string {
  const members = Object.entries(row).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{${members.join(', ')}}`.replaceAll(beyondAscii, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
