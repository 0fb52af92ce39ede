import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { countries } from '#emulator/synthetic/countries.ts';
import { makePythonRandom } from '#emulator/synthetic/python-random.ts';
import type { PinSource } from '#emulator/synthetic/rows.ts';
import { makeSyntheticRows, syntheticRowCount } from '#emulator/synthetic/rows.ts';

const { pin: pins, geo, user: users } = makeSyntheticRows();

describe('python random', () => {
  test('seed 100 with the coin of the sleep before each row draws the sequence every emulator of the course replays', () => {
    const random = makePythonRandom(100);
    const rows = Array.from({ length: 10 }, () => (random.randrange(2), random.randint(0, 11_000)));
    assert.deepEqual(rows, [7528, 2863, 5730, 8304, 8731, 1313, 4315, 10794, 5494, 5069]);
  });

  test('seed 100 repeats a row for the first time at event 277', () => {
    const random = makePythonRandom(100);
    const seen = new Set<number>();
    for (let event = 0; ; event++) {
      random.randrange(2);
      const row = random.randint(0, 11_000);
      if (seen.has(row)) {
        assert.deepEqual({ event, row }, { event: 277, row: 9475 });
        return;
      }
      seen.add(row);
    }
  });

  test('random() and seeds beyond 32 bits agree with CPython', () => {
    assert.equal(makePythonRandom(0).random(), 0.8444218515250481);
    assert.equal(makePythonRandom(2 ** 40 + 5).random(), 0.5043802970418443);
  });

  test('a seed that is no whole number is refused', () => {
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) assert.throws(() => makePythonRandom(seed), RangeError);
  });
});

describe('synthetic rows', () => {
  test('three tables of 11,154 rows share their row numbers', () => {
    const expected = Array.from({ length: syntheticRowCount }, (_, i) => i);
    assert.deepEqual(
      pins.map((pin) => pin.index),
      expected,
    );
    assert.deepEqual(
      geo.map((row) => row.ind),
      expected,
    );
    assert.deepEqual(
      users.map((row) => row.ind),
      expected,
    );
  });

  test('the same seed gives the same rows, another seed others', () => {
    assert.deepEqual(makeSyntheticRows(7, 50), makeSyntheticRows(7, 50));
    assert.notDeepEqual(makeSyntheticRows(7, 50), makeSyntheticRows(8, 50));
  });

  const isError = (pin: PinSource): boolean => pin.poster_name === 'User Info Error';
  const has =
    (pattern: RegExp, of: (pin: PinSource) => string) =>
    (pin: PinSource): boolean =>
      pattern.test(of(pin));
  const title = (pin: PinSource): string => pin.title;
  const poster = (pin: PinSource): string => pin.poster_name;
  const followers = (pin: PinSource): string => pin.follower_count;

  /** Expected counts: exact where a quota lays the pattern, [least, most] where it is drawn. */
  const patterns: [name: string, matches: (pin: PinSource) => boolean, count: number | [number, number]][] = [
    ['full error rows', isError, 83],
    ['titles missing', has(/^No Title Data Available$/, title), 86],
    ['counts missing', has(/^User Info Error$/, followers), 86],
    ['stories', (pin) => pin.is_image_or_video === 'multi-video(story page format)', 849],
    ['descriptions missing, story format', (pin) => pin.description === 'No description available Story format', 849],
    ['descriptions missing', (pin) => pin.description === 'No description available', 181],
    ['videos', (pin) => pin.is_image_or_video === 'video', 330],
    ['tags missing', (pin) => pin.tag_list === 'N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e', 174],
    ['pictures missing', (pin) => pin.image_src === 'Image src error.', 268],
    ['not downloaded', (pin) => pin.downloaded === 0, 268],
    ['descriptions cut off', (pin) => pin.description.endsWith('…\u00a0'), [3_700, 4_400]],
    ['plain digits', has(/^\d+$/, followers), [1_600, 2_200]],
    ['zero followers', has(/^0$/, followers), [20, 150]],
    ['thousands', has(/^\d+k$/, followers), [7_800, 8_600]],
    ['millions', has(/^\d+M$/, followers), [700, 1_200]],
    ['titles beyond ASCII', has(/[^\0-\x7f]/, title), [800, 1_300]],
    ['titles beyond the BMP', has(/[\u{10000}-\u{10ffff}]/u, title), [80, 200]],
    ['right-to-left titles', has(/^[\u0590-\u06ff]/, title), [20, 90]],
    ['newlines in titles', has(/\n/, title), 20],
    ['no-break spaces in titles', has(/\u00a0/, title), 25],
    ['C1 controls in titles', has(/[\u0080-\u009f]/, title), 3],
    ['titles not in NFC', (pin) => pin.title !== pin.title.normalize('NFC'), 5],
    ['dollars in titles', has(/\$\$/, title), 4],
    ['backslashes in titles', has(/\\/, title), 4],
    ['raw HTML in titles', has(/<p style="/, title), 8],
    ['quotes in titles', has(/^"/, title), 60],
    ['titles of 199 characters', (pin) => pin.title.length === 199, [1, 30]],
    ['Untitled', has(/^Untitled$/, title), 2],
    ['poster names beyond 50 characters', has(/^.{51,}$/su, poster), [900, 1_300]],
    ['poster names ending with a blank', has(/ $/, poster), [120, 320]],
    ['poster names in maths letters', has(/[\u{1d4d0}-\u{1d503}]/u, poster), [40, 250]],
  ];
  for (const [name, matches, count] of patterns) {
    test(`${name}: ${Array.isArray(count) ? count.join(' to ') : count}`, () => {
      const found = pins.filter(matches).length;
      if (Array.isArray(count)) assert.ok(found >= count[0] && found <= count[1], `found ${found}`);
      else assert.equal(found, count);
    });
  }

  test('full error rows of one category differ only in index and unique_id', () => {
    const contents = new Map<string, Set<string>>();
    for (const { index: _, unique_id: __, ...content } of pins.filter(isError)) {
      contents.set(content.category, (contents.get(content.category) ?? new Set()).add(JSON.stringify(content)));
    }
    assert.equal(contents.size, 13);
    for (const [category, variants] of contents) assert.equal(variants.size, 1, category);
  });

  test('identities are unique, lower-case and shaped like random UUIDs', () => {
    assert.equal(new Set(pins.map((pin) => pin.unique_id)).size, pins.length);
    for (const pin of pins) assert.match(pin.unique_id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('the table is sorted by its thirteen categories, and the save location agrees', () => {
    assert.deepEqual(
      pins.map((pin) => pin.category),
      pins.map((pin) => pin.category).toSorted(),
    );
    assert.equal(new Set(pins.map((pin) => pin.category)).size, 13);
    for (const pin of pins) assert.equal(pin.save_location, `Local save in /data/${pin.category}`);
  });

  test('lengths stay within those of the original, and no text holds half a surrogate pair', () => {
    assert.ok(Math.max(...pins.map((pin) => pin.poster_name.length)) > 200);
    for (const pin of pins) {
      assert.ok(
        pin.title.length <= 199 && pin.description.length <= 201 && pin.poster_name.length <= 268 && pin.tag_list.length <= 254,
        JSON.stringify(pin),
      );
      assert.ok(
        JSON.stringify(pin) === JSON.stringify(pin).toWellFormed() && !/\\ud[89a-f]/.test(JSON.stringify(pin)),
        JSON.stringify(pin),
      );
    }
  });

  test('a poster is one user, a user has one coordinate pair, and a name is no key', () => {
    const userOf = (ind: number): string =>
      JSON.stringify([users[ind]?.first_name, users[ind]?.last_name, users[ind]?.age, users[ind]?.date_joined]);
    const posterUsers = new Map<string, string>();
    const placeOfUser = new Map<string, string>();
    const usersOfName = new Map<string, Set<string>>();
    for (const pin of pins) {
      const user = userOf(pin.index);
      const { latitude, longitude, country } = geo[pin.index] as (typeof geo)[number];
      assert.equal(posterUsers.get(pin.poster_name) ?? user, user);
      posterUsers.set(pin.poster_name, user);
      const place = JSON.stringify([latitude, longitude, country]);
      assert.equal(placeOfUser.get(user) ?? place, place);
      placeOfUser.set(user, place);
      const name = `${users[pin.index]?.first_name} ${users[pin.index]?.last_name}`;
      usersOfName.set(name, (usersOfName.get(name) ?? new Set()).add(user));
    }
    assert.ok([...usersOfName.values()].filter((people) => people.size > 1).length >= 150);
  });

  test('posts follow the join date, ages are 20 to 60, coordinates are on the globe, countries include the difficult names', () => {
    for (const [i, row] of geo.entries()) {
      const user = users[i] as (typeof users)[number];
      assert.ok(row.timestamp > user.date_joined && row.timestamp < '2022-10-19T17:54:27');
      assert.ok(user.age >= 20 && user.age <= 60);
      assert.ok(Math.abs(row.latitude) <= 90 && Math.abs(row.longitude) <= 180);
    }
    const found = new Set(geo.map((row) => row.country));
    assert.equal(new Set(countries).size, countries.length);
    assert.ok(found.size >= 240);
    for (const country of [
      'Antarctica (the territory South of 60 deg S)',
      "Cote d'Ivoire",
      'Svalbard & Jan Mayen Islands',
      'Korea, Republic of',
    ])
      assert.ok(found.has(country), country);
  });
});
