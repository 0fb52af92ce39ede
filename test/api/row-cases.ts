import type { Kind } from '#domain/kinds/list.ts';

/** A row's JSON as a client sends it; its bytes must reach Kafka as they are. */
export type RowCase = { name: string; kind: Kind; row: string; key: string };

const geo = (members: string): string => `{${members}, "latitude": -89.9787, "longitude": -173.293, "country": "Cote d'Ivoire"}`;

/** Every encoding of dates that clients of REST v2 and Kinesis use. */
const dates = [
  '2020-08-28T03:52:47',
  '2020-08-28 03:52:47',
  '2020:08:28 03:52:47',
  '08/28/2020, 03:52:47',
  '2020-08-28T03:52:47.123456',
  '2020-08-28T03:52:47Z',
  '2020-08-28T03:52:47+02:00',
  '2020-08-28T03:52:47.000+0000',
];

const fullPin = {
  index: 7528,
  unique_id: '3f0c1d2e-6a54-4b0f-9c57-0d1f2a3b4c5d',
  title: 'Café 🚀 ideas',
  description: 'Ten quick ideas…\u00a0',
  poster_name: 'Some Poster',
  follower_count: '5k',
  tag_list: 'Tag One,Tag Two',
  is_image_or_video: 'image',
  image_src: 'https://example.invalid/originals/a.jpg',
  downloaded: 1,
  save_location: 'Local save in /data/art',
  category: 'art',
};
const { save_location: _, ...withoutLocation } = fullPin;

/** As Python's json.dumps: ASCII only, blanks after separators. */
export function pythonJson(value: object): string {
  return JSON.stringify(value, null, 1)
    .replaceAll(/\n\s*/g, ' ')
    .replaceAll('{ ', '{')
    .replaceAll(' }', '}')
    .replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** As json.dumps(indent=4, sort_keys=True). */
const sortedPin = JSON.stringify(Object.fromEntries(Object.entries(fullPin).sort(([left], [right]) => (left < right ? -1 : 1))), null, 4);

const { unique_id: pinKey } = fullPin;

export const rowCases: RowCase[] = [
  { name: 'a pin with escaped surrogate pairs', kind: 'pin', row: pythonJson(fullPin), key: pinKey },
  { name: 'a pin in raw UTF-8', kind: 'pin', row: JSON.stringify(fullPin), key: pinKey },
  { name: 'a pin with indent=4, sort_keys=True', kind: 'pin', row: sortedPin, key: pinKey },
  { name: 'a pin without save_location', kind: 'pin', row: pythonJson(withoutLocation), key: pinKey },
  {
    name: 'a pin with "" and 0 for what is missing',
    kind: 'pin',
    row: '{"unique_id": "e1", "index": 0, "title": "", "downloaded": 0}',
    key: 'e1',
  },
  { name: 'a pin called idx', kind: 'pin', row: '{"idx": 5, "unique_id": "e2", "title": "x"}', key: 'e2' },
  ...dates.flatMap((date): RowCase[] => [
    { name: `a geo row of ${date}`, kind: 'geo', row: geo(`"ind": 7528, "timestamp": "${date}"`), key: '7528' },
    {
      name: `a user row of ${date}`,
      kind: 'user',
      row: `{"ind": 7528, "first_name": "Ada", "last_name": "Example", "age": 20, "date_joined": "${date}"}`,
      key: '7528',
    },
  ]),
  ...['ind', 'index', 'idx'].flatMap((alias): RowCase[] =>
    ['7528', '"7528"', '7528.0', '"7528.0"'].map((number) => ({
      name: `a geo row with ${alias} ${number}`,
      kind: 'geo',
      row: geo(`"${alias}": ${number}`),
      key: '7528',
    })),
  ),
  { name: 'a geo row with two equal row numbers', kind: 'geo', row: geo('"ind": 9, "index": "9"'), key: '9' },
  { name: 'a user row with its key alone', kind: 'user', row: '{"index": 12}', key: '12' },
  {
    name: 'a geo row with odd spellings of numbers, escapes and blanks',
    kind: 'geo',
    row: '{ "ind":7.0,\t"latitude":1.50, "x":[1e2,{"Data":"}\\\\\\""}],\n "country":"Caf\\u00e9" }',
    key: '7',
  },
  { name: 'a geo row of 100 levels', kind: 'geo', row: `{"ind":1,"country":"x","a":${'['.repeat(99)}${']'.repeat(99)}}`, key: '1' },
];

/** Rows that no route takes, with the reason that each gives. */
export const badRows: { name: string; kind: Kind; row: string; says?: RegExp }[] = [
  { name: 'a pin without identity', kind: 'pin', row: '{"title": "x"}' },
  { name: 'a pin whose identity is too long', kind: 'pin', row: `{"unique_id": "${'é'.repeat(257)}"}` },
  { name: 'a geo row without row number', kind: 'geo', row: '{"country": "x"}' },
  { name: 'a row number that is none', kind: 'geo', row: '{"country": "x", "ind": "7.5"}' },
  { name: 'row numbers that contradict each other', kind: 'geo', row: '{"country": "x", "ind": 7, "index": 8}' },
  { name: 'a pin as a geo row', kind: 'geo', row: '{"unique_id": "u", "index": 8}', says: /none of the fields of its kind/ },
  { name: 'a geo row as a pin', kind: 'pin', row: '{"ind": 8, "country": "x"}', says: /none of the fields of its kind/ },
  { name: 'the same key twice', kind: 'pin', row: '{"unique_id": "u", "unique_id": "v"}' },
  { name: 'half of a surrogate pair', kind: 'pin', row: '{"unique_id": "u", "title": "\\ud83d"}' },
  { name: 'the character NUL', kind: 'pin', row: '{"unique_id": "u", "title": "\\u0000"}' },
  { name: 'more than 100 levels', kind: 'geo', row: `{"ind":1,"country":"x","a":${'['.repeat(100)}${']'.repeat(100)}}` },
  { name: 'a row that is too large', kind: 'pin', row: `{"unique_id": "u", "title": "${'x'.repeat(66_000)}"}` },
  { name: 'an array', kind: 'pin', row: '[{"unique_id": "u"}]' },
  { name: 'a row inside a JSON string twice', kind: 'pin', row: '"\\"{}\\""' },
];
