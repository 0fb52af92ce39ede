/** A pin in the spelling of the first clients' json library. */
export const fullPin: Readonly<Record<string, unknown>> = {
  index: 7528,
  unique_id: '3f0c1d2e-6a54-4b0f-9c57-0d1f2a3b4c5d',
  title: 'Ten ideas',
  description: 'Quick ones',
  poster_name: 'Some Poster',
  follower_count: '5k',
  tag_list: 'One,Two',
  is_image_or_video: 'image',
  image_src: 'https://example.invalid/a.jpg',
  downloaded: 1,
  save_location: 'Local save in /data/art',
  category: 'art',
};

export function pin(over: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...fullPin, ...over };
}

function pinWithout(...names: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fullPin).filter(([name]) => !names.includes(name)));
}

/** Bodies that `/pin/` takes, byte for byte. */
export const takenBodies: readonly { name: string; body: string }[] = [
  { name: 'all 12 fields', body: JSON.stringify(pin()) },
  { name: 'the 11 fields of the first API', body: JSON.stringify(pinWithout('poster_name')) },
  { name: 'unknown fields', body: JSON.stringify(pin({ board: { name: 'b', pins: [1, 2.5] } })) },
  { name: 'integers as text', body: JSON.stringify(pin({ index: '7528', downloaded: '1' })) },
  { name: 'an integral float', body: JSON.stringify(pin()).replace('7528', '7.0') },
  { name: 'a boolean for downloaded', body: JSON.stringify(pin({ downloaded: true })) },
  { name: 'an integer beyond 2^53', body: JSON.stringify(pin()).replace('7528', '9007199254740993') },
  {
    name: 'surrogate pairs and blanks of the first clients',
    body: '{"index": 7528, "unique_id": "u", "title": "Caf\\u00e9 \\ud83d\\ude80 ideas", "description": "Ten\\u2026\\u00a0", "follower_count": "5k", "tag_list": "a", "is_image_or_video": "image", "image_src": "x", "downloaded": 1, "save_location": "", "category": "art"}',
  },
  { name: 'raw UTF-8 and line breaks', body: JSON.stringify(pin({ title: 'Café 🚀 عربى' }), null, 4) },
  { name: 'an escaped backslash before u0000', body: JSON.stringify(pin({ title: 'a\\u0000' })) },
  { name: '__proto__ as a field', body: JSON.stringify(pin()).replace('{', '{"__proto__":{"x":1},') },
  { name: 'a key of 512 bytes', body: JSON.stringify(pin({ unique_id: 'é'.repeat(256) })) },
];

type Expected = { type: string; loc: (string | number)[]; msg: string; input?: unknown; ctx?: unknown };
const missing = (field: string, input: unknown): Expected => ({ type: 'missing', loc: ['body', field], msg: 'Field required', input });
const invalid = (at: number, error: string): Expected => ({
  type: 'json_invalid',
  loc: ['body', at],
  msg: 'JSON decode error',
  input: {},
  ctx: { error },
});
const noText = (field: string, input: unknown): Expected => ({
  type: 'string_type',
  loc: ['body', field],
  msg: 'Input should be a valid string',
  input,
});
const deep = (levels: number): string => JSON.stringify(pin()).replace('{', `{"x":${'['.repeat(levels)}${']'.repeat(levels)},`);

/** Bodies that `/pin/` refuses with 422, and the whole `detail`. */
export const refusedBodies: readonly { name: string; body: string; detail: Expected[] }[] = [
  { name: 'no body', body: '', detail: [{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }] },
  { name: 'null', body: 'null', detail: [{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }] },
  {
    name: 'an array',
    body: '[1]',
    detail: [
      {
        type: 'model_attributes_type',
        loc: ['body'],
        msg: 'Input should be a valid dictionary or object to extract fields from',
        input: [1],
      },
    ],
  },
  {
    name: 'a string',
    body: '"{}"',
    detail: [
      {
        type: 'model_attributes_type',
        loc: ['body'],
        msg: 'Input should be a valid dictionary or object to extract fields from',
        input: '{}',
      },
    ],
  },
  { name: 'a missing field', body: JSON.stringify(pinWithout('index')), detail: [missing('index', pinWithout('index'))] },
  {
    name: 'several errors in field order',
    body: JSON.stringify({ ...pinWithout('category', 'unique_id'), downloaded: 'y', title: 5 }),
    detail: [
      missing('unique_id', { ...pinWithout('category', 'unique_id'), downloaded: 'y', title: 5 }),
      noText('title', 5),
      {
        type: 'int_parsing',
        loc: ['body', 'downloaded'],
        msg: 'Input should be a valid integer, unable to parse string as an integer',
        input: 'y',
      },
      missing('category', { ...pinWithout('category', 'unique_id'), downloaded: 'y', title: 5 }),
    ],
  },
  {
    name: 'a text that is no integer',
    body: JSON.stringify(pin({ index: 'x' })),
    detail: [
      {
        type: 'int_parsing',
        loc: ['body', 'index'],
        msg: 'Input should be a valid integer, unable to parse string as an integer',
        input: 'x',
      },
    ],
  },
  {
    name: 'a fraction',
    body: JSON.stringify(pin({ index: 7.5 })),
    detail: [
      {
        type: 'int_from_float',
        loc: ['body', 'index'],
        msg: 'Input should be a valid integer, got a number with a fractional part',
        input: 7.5,
      },
    ],
  },
  {
    name: 'null for an integer',
    body: JSON.stringify(pin({ index: null })),
    detail: [{ type: 'int_type', loc: ['body', 'index'], msg: 'Input should be a valid integer', input: null }],
  },
  {
    name: 'a number beyond all bounds',
    body: JSON.stringify(pin()).replace('7528', '1e999'),
    detail: [{ type: 'finite_number', loc: ['body', 'index'], msg: 'Input should be a finite number', input: null }],
  },
  { name: 'null for a text', body: JSON.stringify(pin({ follower_count: null })), detail: [noText('follower_count', null)] },
  { name: 'a number for a text', body: JSON.stringify(pin({ poster_name: 5 })), detail: [noText('poster_name', 5)] },
  {
    name: 'an empty key',
    body: JSON.stringify(pin({ unique_id: '' })),
    detail: [
      {
        type: 'string_too_short',
        loc: ['body', 'unique_id'],
        msg: 'String should have at least 1 character',
        input: '',
        ctx: { min_length: 1 },
      },
    ],
  },
  {
    name: 'a blank key',
    body: JSON.stringify(pin({ unique_id: ' \u00a0' })),
    detail: [
      {
        type: 'string_too_short',
        loc: ['body', 'unique_id'],
        msg: 'String should have at least 1 character',
        input: ' \u00a0',
        ctx: { min_length: 1 },
      },
    ],
  },
  {
    name: 'a key of 513 bytes',
    body: JSON.stringify(pin({ unique_id: `${'é'.repeat(256)}x` })),
    detail: [
      {
        type: 'string_too_long',
        loc: ['body', 'unique_id'],
        msg: 'String should have at most 512 bytes',
        input: `${'é'.repeat(256)}x`,
        ctx: { max_length: 512 },
      },
    ],
  },
  {
    name: 'row numbers that contradict each other',
    body: JSON.stringify(pin({ ind: 5 })),
    detail: [{ type: 'key_conflict', loc: ['body', 'index'], msg: 'index, ind and idx of the row contradict each other', input: 7528 }],
  },
  { name: 'a bare word', body: '{"a":x}', detail: [invalid(5, 'Expecting value')] },
  { name: 'a trailing comma', body: '{"a":1,}', detail: [invalid(7, 'Expecting property name enclosed in double quotes')] },
  { name: 'a truncated body', body: '{"a":"é', detail: [invalid(5, 'Unterminated string starting at')] },
  { name: 'two documents', body: '{} {}', detail: [invalid(3, 'Extra data')] },
  { name: 'NaN', body: '{"a":NaN}', detail: [invalid(5, 'Expecting value')] },
  {
    name: 'the same key twice',
    body: '{"a":1,"\\u0061":2}',
    detail: [{ type: 'duplicate_key', loc: ['body'], msg: 'An object has the same key twice', input: {} }],
  },
  {
    name: 'NUL in a text',
    body: JSON.stringify(pin({ title: 'a\0b' })),
    detail: [{ type: 'nul', loc: ['body'], msg: 'Text must not contain the character NUL', input: {} }],
  },
  {
    name: 'half of a surrogate pair',
    body: JSON.stringify(pin()).replace('Ten ideas', '\\ud83d'),
    detail: [{ type: 'lone_surrogate', loc: ['body'], msg: 'Text must not contain half of a surrogate pair', input: {} }],
  },
  {
    name: '101 levels',
    body: deep(100),
    detail: [{ type: 'too_deep', loc: ['body'], msg: 'The body is nested deeper than 100 levels', input: {} }],
  },
  {
    name: '30,000 levels',
    body: deep(30_000),
    detail: [{ type: 'too_deep', loc: ['body'], msg: 'The body is nested deeper than 100 levels', input: {} }],
  },
];
