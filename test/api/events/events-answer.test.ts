import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Outcome } from '#adapters/kafka/producer.ts';
import { collectRejectedRows, noRejectedRows } from '#api/door/rejected-rows.ts';
import type { SortedRows } from '#api/events/events-answer.ts';
import { answerRows } from '#api/events/events-answer.ts';
import { Failure } from '#domain/failures.ts';
import { errorsToldMax, eventsAnswer } from '#domain/schemas/events.ts';

const ack = (offset: number): Outcome => ({ topic: 't', partition: 2, offset, appendTimeMs: 0 });
const outcomes: Record<string, Outcome> = {
  timeout: new Failure('timeout', 'Not confirmed; it "may" exist.'),
  exhausted: new Failure('exhausted', 'Too many wait.'),
  unavailable: new Failure('unavailable', 'Kafka is away.'),
  invalid_data: new Failure('invalid_data', 'The record is too large.'),
};

/** Rows 0, 2, 4, ... are events, on the lines 1, 3, 5, ...; row 1 is rejected. */
function rows(events: number): SortedRows {
  return {
    events: Array.from({ length: events }, () => ({ kind: 'geo', source: 'api', key: Buffer.alloc(0), value: Buffer.alloc(0) })),
    positions: Array.from({ length: events }, (_, i) => i * 2),
    lines: Array.from({ length: events }, (_, i) => i * 2 + 1),
    rejected: nul,
  };
}

const nul = collectRejectedRows();
nul.add({ position: 1, line: 2, reason: 'nul', message: 'It has NUL.' });

describe('the answer to POST /events', () => {
  test('lists each row once, in the order of the rows, with what can be done about it', () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const told = [ack(7), outcomes['timeout']!, outcomes['exhausted']!, outcomes['unavailable']!, outcomes['invalid_data']!];
    const { status, body, isRetriable } = answerRows(rows(5), { hasLines: true, hasReceipts: true }, told, ids);
    assert.deepEqual([status, isRetriable], [207, true]);
    assert.deepEqual(eventsAnswer.parse(JSON.parse(String(body))), {
      received: 6,
      accepted: 1,
      rejected: 5,
      errors: [
        { position: 1, line: 2, reason: 'nul', message: 'It has NUL.', retriable: false },
        { position: 2, line: 3, reason: 'log_timeout', message: 'Not confirmed; it "may" exist.', retriable: true },
        { position: 4, line: 5, reason: 'overloaded', message: 'Too many wait.', retriable: true },
        { position: 6, line: 7, reason: 'log_unavailable', message: 'Kafka is away.', retriable: true },
        { position: 8, line: 9, reason: 'row_too_large', message: 'The record is too large.', retriable: false },
      ],
      receipts: [{ position: 0, kind: 'geo', partition: 2, offset: 7, event_id: 'a' }],
    });
  });

  test('explains the first rows that are not taken, whoever refused them, and counts the rest', () => {
    const rejected = collectRejectedRows();
    // Odd rows are no events; of the even ones Kafka takes the first ten, and a third of the others has no second chance.
    for (let position = 1; position < 1_000; position += 2)
      rejected.add({ position, line: position + 1, reason: 'nul', message: 'It has NUL.' });
    const told = Array.from({ length: 500 }, (_, i) =>
      i < 10 ? ack(i) : i % 3 === 0 ? outcomes['invalid_data']! : outcomes['unavailable']!,
    );
    const ids = told.map(() => 'id');
    const { body, isRetriable } = answerRows({ ...rows(500), rejected }, { hasLines: false, hasReceipts: true }, told, ids);
    const answer = eventsAnswer.parse(JSON.parse(String(body)));
    assert.deepEqual([answer.received, answer.accepted, answer.rejected, answer.receipts!.length], [1_000, 10, 990, 10]);
    // Positions 1, 3, ... 19, and from 20 on every one.
    const positions = Array.from({ length: 100 }, (_, i) => (i < 10 ? i * 2 + 1 : i + 10));
    assert.deepEqual(
      answer.errors.map(({ position }) => position),
      positions,
    );
    const worthAnother = told.filter((outcome) => outcome === outcomes['unavailable']).length;
    const toldSo = answer.errors.filter(({ retriable }) => retriable).length;
    assert.ok(toldSo > 0);
    assert.deepEqual(answer.errors_left_out, { count: 990 - errorsToldMax, retriable: worthAnother - toldSo });
    assert.equal(isRetriable, true);
  });

  const cases: readonly [
    name: string,
    events: number,
    rejected: boolean,
    told: Outcome[] | undefined,
    status: number,
    retriable: boolean,
  ][] = [
    ['all taken', 2, false, [ack(1), ack(2)], 200, false],
    ['all handed over', 2, false, undefined, 200, false],
    ['some handed over', 1, true, undefined, 207, false],
    ['some rejected', 1, true, [ack(1)], 207, false],
    ['none taken, for good', 0, true, [], 422, false],
    ['one too large for Kafka', 2, false, [ack(1), outcomes['invalid_data']!], 207, false],
    ['one that may exist', 2, false, [ack(1), outcomes['timeout']!], 207, true],
  ];
  for (const [name, events, rejected, told, status, retriable] of cases)
    test(`${name}: ${status}, ${retriable ? 'worth' : 'not worth'} sending again`, () => {
      const sorted = { ...rows(events), ...(rejected ? {} : { rejected: noRejectedRows }) };
      const answer = answerRows(sorted, { hasLines: false, hasReceipts: true }, told, ['a', 'b']);
      assert.deepEqual([answer.status, answer.isRetriable], [status, retriable]);
      const { received, accepted, rejected: refused, errors, receipts } = eventsAnswer.parse(JSON.parse(String(answer.body)));
      assert.equal(received, accepted + refused);
      assert.deepEqual([errors.length, receipts!.length], [refused, accepted]);
      assert.ok(errors.every((error) => !('line' in error)));
    });
});
