import type { PythonRandom } from '#emulator/synthetic/python-random.ts';
import { countries } from '#emulator/synthetic/countries.ts';
import { accentedWords, emoji, firstNames, lastNames, rightToLeft, slogans, studioThings, studioWords } from '#emulator/synthetic/words.ts';

/**
 * The people behind the rows. A user is (first name, last name, age, join date) at one fixed coordinate pair in one
 * country; the name alone is no key. A poster belongs to one user.
 */
export type User = {
  firstName: string;
  lastName: string;
  age: number;
  joinedMs: number;
  latitude: number;
  longitude: number;
  country: string;
};
export type Poster = { name: string; followers: string; user: User };

const joinedFirstMs = Date.UTC(2015, 9, 21);
const joinedLastMs = Date.UTC(2017, 9, 20);

export function pick<Item>(random: PythonRandom, items: readonly Item[]): Item {
  return items[random.randrange(items.length)] as Item;
}

export function makeUser(random: PythonRandom): User {
  return {
    firstName: pick(random, firstNames),
    lastName: pick(random, lastNames),
    age: drawAge(random),
    joinedMs: joinedFirstMs + random.randrange((joinedLastMs - joinedFirstMs) / 1000) * 1000,
    latitude: drawDegrees(random, 90),
    longitude: drawDegrees(random, 180),
    // The square makes some countries common and some rare, as in the original.
    country: countries[Math.floor(random.random() ** 2 * countries.length)] as string,
  };
}

/** 20 to 60, most of them young. */
function drawAge(random: PythonRandom): number {
  const age = 20 + Math.floor(-Math.log(1 - random.random()) * 10);
  return age <= 60 ? age : random.randint(20, 60);
}

function drawDegrees(random: PythonRandom, limit: number): number {
  return Number((random.random() * 2 * limit - limit).toFixed(random.randint(1, 7)));
}

/** A poster's name (not unique by itself): most are short, a tenth is longer than 50 characters, up to 268. */
export function drawPosterName(random: PythonRandom): string {
  const thing = pick(random, studioThings);
  const studio = pick(random, studioWords);
  const short = pick(random, [
    `${thing} ${studio}`,
    `The ${thing} ${studio}`,
    `${pick(random, firstNames)} ${pick(random, lastNames)}`,
    `${pick(random, lastNames)}'s ${studio}`,
    `${thing} & ${pick(random, studioThings)}`,
  ]);
  const dice = random.randrange(1000);
  if (dice < 105) return longName(random, short, random.randint(51, dice < 5 ? 268 : 130));
  if (dice < 125) return `${short} `;
  if (dice < 150) return `${short} ${pick(random, emoji)}`;
  if (dice < 160) return inMathsLetters(short);
  if (dice < 166) return `${pick(random, rightToLeft)} ${studio}`;
  if (dice < 200) return `${pick(random, accentedWords)} ${studio}`;
  if (dice < 204) return `${short} "${thing}"`;
  return short;
}

/** The name followed by slogans, cut at exactly `length` characters (not in the middle of a blank: that is another case). */
function longName(random: PythonRandom, short: string, length: number): string {
  let name = short;
  while (name.length < length) name += ` | ${pick(random, slogans)}`;
  return name.slice(0, length).replace(/\s$/, '!');
}

/** Plain letters as mathematical bold script (U+1D4D0 ff.), beyond the BMP. */
export function inMathsLetters(text: string): string {
  return text
    .replace(/[A-Z]/g, (letter) => String.fromCodePoint(0x1d4d0 + letter.charCodeAt(0) - 65))
    .replace(/[a-z]/g, (letter) => String.fromCodePoint(0x1d4ea + letter.charCodeAt(0) - 97));
}

/** Digits (0..999), `<int>k` or `<int>M`, in the proportions of the original: 17, 74 and 8 per cent and a few zeros. */
export function drawFollowers(random: PythonRandom): string {
  const dice = random.randrange(1000);
  if (dice < 5) return '0';
  if (dice < 173) return String(random.randint(1, 999));
  if (dice < 919) return `${Math.floor(10 ** (random.random() * 3))}k`;
  return `${Math.floor(1 + random.random() ** 3 * 15)}M`;
}

/** Now and then the same poster shows another count: one more, or a stale one. */
export function driftFollowers(random: PythonRandom, followers: string): string {
  const dice = random.randrange(1000);
  if (dice >= 40) return followers;
  if (dice < 2) return String(random.randint(1, 999));
  const [, digits, suffix] = /^(\d+)([kM]?)$/.exec(followers) as unknown as [string, string, string];
  return `${Math.min(Number(digits) + 1, suffix === 'M' ? 15 : 999)}${suffix}`;
}
