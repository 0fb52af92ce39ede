import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CalendarHour } from '#domain/answers/intervals.ts';
import { calendarOf, worstOf } from '#domain/flow/calendar.ts';

test('an hour shows the state that a person should see first', () => {
  assert.equal(worstOf({ complete: 59, held: 1 }), 'held');
  assert.equal(worstOf({ complete: 59, running: 1, cut: 2 }), 'running');
  assert.equal(worstOf({ complete: 60 }), 'complete');
});

test('days are whole in UTC, the newest first; hours without an interval are null', () => {
  const hour: CalendarHour = { hour: '2026-01-30T23:00:00Z', intervals: 1, byState: { complete: 1 }, worst: 'complete', records: 3 };
  const days = calendarOf([hour], 2, Date.parse('2026-01-31T00:30:00Z'));
  assert.deepEqual(
    days.map(({ day }) => day),
    ['2026-01-31', '2026-01-30'],
  );
  assert.ok(days[0]!.hours.every((one) => one === null));
  assert.equal(days[1]!.hours.length, 24);
  assert.equal(days[1]!.hours[23], hour);
});
