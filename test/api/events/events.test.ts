import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { z } from 'zod';
import { eventsAnswer } from '#domain/schemas/events.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { LogRecord } from '#domain/terms.ts';
import { kinds } from '#domain/kinds/list.ts';
import type { OpenDoor } from '#test/api/open-door.ts';
import { openDoor } from '#test/api/open-door.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import { readRecords } from '#test/api/read-records.ts';

type Answer = z.infer<typeof eventsAnswer>;

const ndjson = 'application/x-ndjson';

/** The records of an answer's receipts, checked against the log. */
async function recordsOf(door: OpenDoor, { receipts }: Answer): Promise<LogRecord[]> {
  const logs = new Map<Kind, LogRecord[]>();
  for (const kind of kinds) logs.set(kind, await readRecords(door.kafka, door.topics, door.names.topicOf(kind)));
  return receipts!.map(({ kind, partition, offset, event_id: eventId }) => {
    const record = logs.get(kind)!.find((one) => one.partition === partition && one.offset === offset);
    assert.ok(record, `${kind} ${partition}/${offset} is in the log`);
    const headers = Object.fromEntries(record.headers.map(([name, value]) => [name, value.toString()]));
    assert.deepEqual([headers['kind'], headers['event-id'], headers['source']], [kind, eventId, 'api']);
    return record;
  });
}

async function sizes(door: OpenDoor): Promise<number> {
  let count = 0;
  for (const kind of kinds) for (const { low, high } of await door.topics.fetchOffsets(door.names.topicOf(kind))) count += high - low;
  return count;
}

describe('POST /events', () => {
  let door: OpenDoor;
  before(async () => {
    door = await openDoor();
  });
  after(() => door.close());

  async function send(query: string, body: string | Buffer, type?: string): Promise<{ response: Response; answer: Answer }> {
    const response = await door.post(`/events${query}`, body, type);
    const text = await response.text();
    assert.equal(response.headers.get('content-type'), 'application/json');
    assert.match(text, /^\{"received":/, `${response.status} ${text}`);
    return { response, answer: eventsAnswer.parse(JSON.parse(text)) };
  }

  const geo = '{ "ind" : 7.0, "latitude": 1.50, "country": "Caf\\u00e9 é", "x": [1e2, {"a": "]}\\""}] }';
  const taken: { name: string; query?: string; type?: string; body: string; values: string[]; keys: string[] }[] = [
    { name: 'an object', query: '?kind=geo', body: ` ${geo}\n`, values: [geo], keys: ['7'] },
    {
      name: 'an object with a BOM that names its kind',
      body: '\ufeff{"kind":"pin","unique_id":"a"}',
      values: ['{"kind":"pin","unique_id":"a"}'],
      keys: ['a'],
    },
    { name: 'an array', query: '?kind=geo', body: `[${geo} ,\n{"ind":8}]`, values: [geo, '{"ind":8}'], keys: ['7', '8'] },
    {
      name: 'NDJSON with blank lines, CRLF and an unended last line',
      query: '?kind=users',
      type: ndjson,
      body: '\r\n{"ind":1,"age":20}\r\n\n  {"idx": "2", "age": 21} ',
      values: ['{"ind":1,"age":20}', '{"idx": "2", "age": 21}'],
      keys: ['1', '2'],
    },
    {
      name: 'mixed kinds by field, plural endings too',
      type: 'application/jsonl; charset=utf-8',
      body: '{"kind":"pins","unique_id":"m"}\n{"kind":"geo","ind":3,"country":"x"}\n{"kind":"user","ind":4,"age":1}\n',
      values: ['{"kind":"pins","unique_id":"m"}', '{"kind":"geo","ind":3,"country":"x"}', '{"kind":"user","ind":4,"age":1}'],
      keys: ['m', '3', '4'],
    },
    {
      name: 'a kind that query and field agree on',
      query: '?kind=pin',
      body: '[{"kind":"pins","unique_id":"n"}]',
      values: ['{"kind":"pins","unique_id":"n"}'],
      keys: ['n'],
    },
  ];
  for (const { name, query = '', type, body, values, keys } of taken)
    test(`takes ${name}, byte for byte, and tells where each row is`, async () => {
      const { response, answer } = await send(query, body, type);
      assert.deepEqual(
        [response.status, answer.received, answer.accepted, answer.rejected, answer.errors],
        [200, values.length, values.length, 0, []],
      );
      assert.deepEqual(
        answer.receipts!.map(({ position }) => position),
        values.map((_, i) => i),
      );
      const records = await recordsOf(door, answer);
      assert.deepEqual(
        records.map(({ value }) => value!.toString()),
        values,
      );
      assert.deepEqual(
        records.map(({ key }) => key!.toString()),
        keys,
      );
      const [receipt] = answer.receipts!;
      const header = `kind=${receipt!.kind}, partition=${receipt!.partition}, offset=${receipt!.offset}, event-id="${receipt!.event_id}"`;
      assert.equal(response.headers.get('pinflow-receipt'), values.length === 1 ? header : null);
    });

  test('keeps the good rows of a mixed body and names each other one with its place and reason', async () => {
    const rows: [row: string | Buffer, reason?: string][] = [
      ['{"kind":"pin","unique_id":"g0"}'],
      ['{"kind":"pin","title":"no identity"}', 'missing_key'],
      ['{"kind":"geo","ind":1,"ind":2}', 'duplicate_key'],
      ['{"kind":"pin","unique_id":', 'malformed_json'],
      ['{"unique_id":"no kind"}', 'unknown_kind'],
      ['{"kind":"board","unique_id":"x"}', 'unknown_kind'],
      ['{"kind":"constructor","unique_id":"x"}', 'unknown_kind'],
      ['{"kind":7,"unique_id":"x"}', 'unknown_kind'],
      ['{"kind":"geo","unique_id":"x","ind":5}', 'wrong_kind'],
      ['{"kind":"pin","country":"x","ind":5}', 'wrong_kind'],
      ['{"kind":"geo","ind":1,"idx":2,"country":"x"}', 'key_conflict'],
      ['[]', 'not_an_object'],
      ['"text"', 'not_an_object'],
      ['{"kind":"pin","unique_id":"\\ud83d"}', 'lone_surrogate'],
      ['{"kind":"pin","unique_id":"\\u0000"}', 'nul'],
      [Buffer.from('{"kind":"pin","unique_id":"\xe9"}', 'latin1'), 'invalid_utf8'],
      [`{"kind":"pin","unique_id":"d","x":${'['.repeat(101)}${']'.repeat(101)}}`, 'too_deep'],
      [`{"kind":"pin","unique_id":"${'x'.repeat(513)}"}`, 'key_too_long'],
      [`{"kind":"pin","unique_id":"big","x":"${'x'.repeat(66_000)}"}`, 'row_too_large'],
      ['{"kind":"user","ind":9,"age":1}'],
    ];
    const body = Buffer.concat(rows.flatMap(([row]) => [Buffer.from(row), Buffer.from('\n\n')]));
    const { response, answer } = await send('', body, ndjson);
    assert.equal(response.status, 207);
    const expected = rows.flatMap(([, reason], position) =>
      reason === undefined ? [] : [{ position, line: position * 2 + 1, reason, retriable: false }],
    );
    assert.deepEqual(
      answer.errors.map(({ message: _message, ...rest }) => rest),
      expected,
    );
    for (const { message, reason } of answer.errors) {
      assert.match(message, /^\S.*\.$/);
      assert.doesNotMatch(message, /body|no identity|board|xxx/, reason);
    }
    assert.deepEqual([answer.received, answer.accepted, answer.rejected], [rows.length, 2, rows.length - 2]);
    const records = await recordsOf(door, answer);
    assert.deepEqual(
      [records.map(({ value }) => value!.toString()), answer.receipts!.map(({ position }) => position)],
      [
        [rows[0]![0], rows.at(-1)![0]],
        [0, rows.length - 1],
      ],
    );
  });

  test('a row that says another kind than the query is rejected', async () => {
    const { response, answer } = await send('?kind=geo', '[{"ind":1,"kind":"geo"},{"ind":2,"kind":"pin"},{"ind":3,"kind":null}]');
    assert.equal(response.status, 207);
    assert.deepEqual(
      answer.errors.map(({ position, line, reason }) => [position, line, reason]),
      [[1, undefined, 'wrong_kind']],
    );
  });

  test('a body without one good row is 422 with the list', async () => {
    const before = await sizes(door);
    for (const query of ['?kind=pin', '?kind=pin&ack=none']) {
      const { response, answer } = await send(query, '{"title":"x"}');
      assert.deepEqual([response.status, answer.received, answer.accepted, answer.rejected, answer.receipts], [422, 1, 0, 1, []]);
      assert.equal(answer.errors[0]!.reason, 'missing_key');
    }
    assert.equal(await sizes(door), before);
  });

  test('receipts=none leaves them out', async () => {
    const { response, answer } = await send('?kind=pin&receipts=none', '[{"unique_id":"r1"},{"unique_id":"r2"}]');
    assert.deepEqual([response.status, answer.accepted, answer.receipts], [200, 2, undefined]);
  });

  test('ack=none is 202 with receipts that know no place; 207 stays where rows were rejected', async () => {
    const all = await send('?kind=pin&ack=none', '[{"unique_id":"n1"},{"unique_id":"n2"}]');
    assert.deepEqual([all.response.status, all.answer.accepted], [202, 2]);
    for (const receipt of all.answer.receipts!) assert.deepEqual(Object.keys(receipt), ['position', 'kind', 'event_id']);
    const some = await send('?kind=pin&ack=none', '[{"unique_id":"n3"},{}]');
    assert.deepEqual([some.response.status, some.answer.accepted, some.answer.rejected], [207, 1, 1]);
  });

  test('sent again, the same rows have other offsets and the same identity', async () => {
    const body = '{"unique_id":"again","title":"x"}\n{"unique_id":"again2"}\n';
    const first = await send('?kind=pin', body, ndjson);
    const second = await send('?kind=pin', body, ndjson);
    const [before, behind] = [await recordsOf(door, first.answer), await recordsOf(door, second.answer)];
    for (const [i, record] of before.entries()) {
      assert.deepEqual([record.key, record.value, record.partition], [behind[i]!.key, behind[i]!.value, behind[i]!.partition]);
      assert.ok(behind[i]!.offset > record.offset);
    }
  });

  test('takes 5,000 pins that come in many chunks, each row once', async () => {
    const values = Array.from({ length: 5_000 }, (_, i) => JSON.stringify(pin({ unique_id: `bulk-${i}` })));
    const { response, answer } = await send('?kind=pin', values.join('\n'), ndjson);
    assert.deepEqual([response.status, answer.accepted], [200, values.length]);
    const records = await recordsOf(door, answer);
    assert.deepEqual(
      records.map(({ value }) => value!.toString()),
      values,
    );
    assert.equal(new Set(answer.receipts!.map(({ event_id: eventId }) => eventId)).size, values.length);
  });

  const refused: { name: string; query?: string; type?: string; body: string | Buffer; status: number; reason: string; says?: RegExp }[] = [
    { name: 'no body', body: '', status: 422, reason: 'empty_body' },
    { name: 'an empty array', body: ' [ ] ', status: 422, reason: 'empty_body' },
    { name: 'NDJSON without rows', type: ndjson, body: '\n \r\n', status: 422, reason: 'empty_body' },
    { name: 'text', body: 'hello', status: 422, reason: 'malformed_json', says: /at byte 0/ },
    { name: 'half an array', body: '[{"unique_id":"h"},', status: 422, reason: 'malformed_json', says: /at byte 19/ },
    { name: 'a missing comma', body: '[{"unique_id":"h"} {"unique_id":"i"}]', status: 422, reason: 'malformed_json', says: /at byte 19/ },
    {
      name: 'an element that is no JSON',
      body: '[{"unique_id":"h"},{"unique_id":h}]',
      status: 422,
      reason: 'malformed_json',
      says: /Row 1: .*character 13/,
    },
    { name: 'half an object', body: '{"unique_id":"h"', status: 422, reason: 'malformed_json' },
    { name: 'NDJSON called JSON', body: '{"unique_id":"h"}\n{"unique_id":"i"}', status: 422, reason: 'malformed_json', says: /x-ndjson/ },
    { name: 'an unknown kind', query: '?kind=board', body: '{}', status: 404, reason: 'unknown_kind', says: /pin, pins, geo, user, users/ },
    { name: 'an empty kind', query: '?kind=', body: '{}', status: 404, reason: 'unknown_kind' },
    { name: 'unknown receipts', query: '?receipts=some', body: '{}', status: 422, reason: 'unknown_parameter' },
    { name: 'unknown ack', query: '?ack=maybe', body: '{}', status: 422, reason: 'unknown_parameter' },
    { name: 'text/plain', type: 'text/plain', body: '{}', status: 415, reason: 'unsupported_type', says: /x-ndjson/ },
    { name: 'more than 10 MB', type: ndjson, body: Buffer.alloc(10_485_761, '\n'), status: 413, reason: 'body_too_large' },
    { name: 'more than 100,000 rows', type: ndjson, body: '1\n'.repeat(100_001), status: 413, reason: 'too_many_rows' },
  ];
  for (const { name, query = '?kind=pin', type, body, status, reason, says = /./ } of refused)
    test(`answers ${status} ${reason} to ${name} and sends nothing`, async () => {
      const before = await sizes(door);
      const response = await door.post(`/events${query}`, body, type);
      const { error } = (await response.json()) as { error: { reason: string; message: string } };
      assert.deepEqual([response.status, error.reason], [status, reason], error.message);
      assert.match(error.message, /\.$/);
      assert.match(error.message, says);
      assert.equal(await sizes(door), before);
    });

  test('GET is 405', async () => {
    const response = await fetch(`${door.url}/events`);
    assert.deepEqual([response.status, response.headers.get('allow')], [405, 'POST']);
    assert.deepEqual(await response.json(), { error: { reason: 'method_not_allowed', message: 'Method Not Allowed.' } });
  });
});

describe('POST /events where Kafka does not take all', () => {
  test('rows beyond the bound are told as never sent, the others are in the log', async () => {
    const door = await openDoor({ ingestMaxEvents: 1_500 });
    try {
      const body = Array.from({ length: 2_500 }, (_, i) => `{"ind":${i}}`).join('\n');
      const response = await door.post('/events?kind=geo', body, ndjson);
      const answer = eventsAnswer.parse(await response.json());
      assert.deepEqual([response.status, answer.received, answer.accepted, answer.rejected], [207, 2_500, 1_000, 1_500]);
      assert.deepEqual([answer.errors.length, answer.errors_left_out], [100, { count: 1_400, retriable: 1_400 }]);
      for (const [i, error] of answer.errors.entries())
        assert.deepEqual([error.position, error.line, error.reason, error.retriable], [1_000 + i, 1_001 + i, 'overloaded', true]);
      const records = await recordsOf(door, answer);
      assert.equal(records.length, 1_000);
      assert.equal(await sizes(door), 1_000);
    } finally {
      await door.close();
    }
  });

  test('a row that no topic takes is rejected alone', async () => {
    const door = await openDoor({ ingestMaxEventBytes: 2_000_000 });
    try {
      const body = `[{"unique_id":"a"},{"unique_id":"b","x":"${'x'.repeat(1_100_000)}"},{},{"unique_id":"c"}]`;
      const response = await door.post('/events?kind=pin', body);
      const answer = eventsAnswer.parse(await response.json());
      assert.equal(response.status, 207);
      assert.deepEqual(
        answer.errors.map(({ position, reason, retriable }) => [position, reason, retriable]),
        [
          [1, 'row_too_large', false],
          [2, 'missing_key', false],
        ],
      );
      assert.deepEqual(
        (await recordsOf(door, answer)).map(({ key }) => key!.toString()),
        ['a', 'c'],
      );
    } finally {
      await door.close();
    }
  });
});
