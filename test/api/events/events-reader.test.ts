import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Request } from 'express';
import fc from 'fast-check';
import type { Answer } from '#api/answers/answer.ts';
import { isRefusal } from '#api/answers/refusal.ts';
import { makeEventsRoute } from '#api/events/route.ts';
import { readBody } from '#domain/door/read-event.ts';
import { eventsAnswer } from '#domain/schemas/events.ts';
import { rowSchemas } from '#domain/kinds/row-schemas.ts';

const route = makeEventsRoute({ limits: { eventBytesMax: 200, requestBytesMax: 100_000 } });

/** What the route makes of a body that comes in pieces of these lengths, without Kafka. */
function read(body: Buffer, type: string, query: string, lengths: readonly number[] = []): { values: string[]; answer: Answer } {
  const reader = route.open({ url: `/events${query}`, headers: { 'content-type': type } } as Request);
  assert.ok(!isRefusal(reader));
  let from = 0;
  for (const length of [...lengths, body.length]) {
    let said = reader.write(Buffer.from(body.subarray(from, (from += length))));
    while (said !== undefined && !isRefusal(said)) said = reader.write(undefined);
    if (said !== undefined) return { values: [], answer: route.refuse(said) };
  }
  const intake = reader.end();
  if (isRefusal(intake)) return { values: [], answer: route.refuse(intake) };
  const ids = intake.events.map(() => 'id');
  return {
    values: intake.events.map(({ value }) => value.toString()),
    answer: intake.answer(intake.events.length === 0 ? [] : undefined, ids),
  };
}

const row = fc.constantFrom(
  '{"kind":"pin","unique_id":"a"}',
  '{"kind":"geo","ind":1}',
  '{"kind":"users","ind":"2","age":3}',
  '{"unique_id":"é"}',
  '{"ind":1}',
  '{"ind":1,"index":2}',
  '{}',
  '[]',
  '1',
  '"',
  '{"a":"\\ud800"}',
  `{"unique_id":"${'x'.repeat(300)}"}`,
);
const separator = fc.constantFrom('\n', ',', '\r\n', ' ', '[', ']');
const body = fc.oneof(
  fc.array(fc.oneof(row, separator)).map((parts) => Buffer.from(parts.join(''))),
  fc.array(row).map((rows) => Buffer.from(rows.join('\n'))),
  fc.array(row).map((rows) => Buffer.from(`[${rows.join(',')}]`)),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
);
const type = fc.constantFrom('application/json', 'application/x-ndjson');
const query = fc.constantFrom('', '?kind=pin', '?kind=geo');
const lengths = fc.array(fc.nat(20), { maxLength: 30 });

test('whatever is sent and however it is cut, there is one answer', () => {
  fc.assert(
    fc.property(body, type, query, lengths, (sent, contentType, search, cuts) => {
      const whole = read(sent, contentType, search);
      assert.deepEqual(read(sent, contentType, search, cuts), whole);
      const told = JSON.parse(String(whole.answer.body)) as object;
      if ('error' in told) return;
      const { received, accepted, rejected, errors, receipts } = eventsAnswer.parse(told);
      assert.deepEqual([received, accepted, rejected], [accepted + rejected, whole.values.length, errors.length]);
      const positions = [...errors, ...receipts!].map(({ position }) => position).sort((left, right) => left - right);
      assert.deepEqual(
        positions,
        positions.map((_, i) => i),
      );
    }),
    { numRuns: 2_000 },
  );
});

test('a row of NDJSON is taken exactly where the other routes take it', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1 }), (rows) => {
      const expected = rows.filter((text) => {
        const found = readBody(Buffer.from(text));
        return text.length <= 200 && found.ok && (found.row['kind'] ?? 'geo') === 'geo' && rowSchemas.geo.safeParse(found.row).success;
      });
      assert.deepEqual(read(Buffer.from(rows.join('\n')), 'application/x-ndjson', '?kind=geo').values, expected);
    }),
  );
});

for (const [what, type, body] of [
  ['lines', 'application/x-ndjson', '{}\n'.repeat(3_000)],
  ['an array', 'application/json', `[${'{"ind":1},'.repeat(2_999)}{}]`],
] as const)
  test(`of ${what} at most 200 rows are looked at in one turn, however few bytes they are`, () => {
    const reader = route.open({ url: '/events?kind=geo', headers: { 'content-type': type } } as Request);
    assert.ok(!isRefusal(reader));
    const rowsAfterTurns: number[] = [];
    let said = reader.write(Buffer.from(body));
    while (said !== undefined && !isRefusal(said)) {
      rowsAfterTurns.push(said.rows);
      said = reader.write(undefined);
    }
    assert.equal(said, undefined);
    assert.ok(rowsAfterTurns.length >= 14, `${rowsAfterTurns.length} pauses`);
    for (const [i, rows] of rowsAfterTurns.entries()) assert.ok(rows - (rowsAfterTurns[i - 1] ?? 0) <= 200, `${rows} rows`);
    const intake = reader.end();
    assert.ok(!isRefusal(intake));
    assert.equal(intake.events.length + intake.rejected.count, 3_000);
  });
