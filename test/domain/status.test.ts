import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Status } from '#questions/status.ts';
import type { ReaderStatus } from '#domain/status.ts';
import { problemsOf } from '#domain/status.ts';

describe('problems', () => {
  const reader: ReaderStatus = {
    partitions: [
      {
        topic: 't',
        partition: 0,
        nextOffset: 0,
        highWatermark: 9,
        lagRecords: 9,
        lagSeconds: 60,
        gapOffsets: 0,
        owner: 'slot 0',
        problem: null,
      },
    ],
    lagRecords: 9,
    lagSeconds: 60,
    idleSeconds: 1,
  };
  const well: Omit<Status, 'problems'> = {
    at: '',
    endpoints: {} as Status['endpoints'],
    servers: { api: 'up', kafka: 'up', s3: 'up', postgres: 'up', temporal: 'up' },
    orchestration: { schedule: 'active', readers: { stream: 'RUNNING', landing: 'RUNNING' }, modes: { stream: null, landing: null } },
    stream: reader,
    landing: reader,
    intervals: [],
    heldIntervals: 0,
    backingOff: { count: 0, oldest: null },
    generation: null,
    lake: { pending: null, marts: [] },
    cleanup: [],
  };
  const pending = {
    run: 'r1',
    cause: 'marts',
    interval: null,
    since: '2026-01-01T00:00:00.000Z',
    ageSeconds: 4,
    tries: 0,
    triedAt: null,
    problem: null,
    abandon: null,
  };
  const mart = {
    name: 'm',
    lakeCovers: 3,
    covers: 2,
    rows: 1,
    failures: 1,
    problem: 'its table is not there',
    nextTry: '2026-01-01T00:01:00Z',
  };
  const interval = {
    start: '2026-01-01T00:00:00Z',
    end: '2026-01-01T01:00:00Z',
    state: 'complete',
    records: 1,
    clean: 1,
    rejects: 0,
    duplicates: 0,
    generation: 1,
    problem: null,
    nextTry: null,
  };
  const stuck = { ...reader.partitions[0]!, problem: 'offset 4 is no longer in Kafka' };

  const cases: [name: string, status: Partial<Omit<Status, 'problems'>>, problems: RegExp[]][] = [
    ['lag alone is none', {}, []],
    [
      'a server that is down is named, and not again for the readers that need it',
      { servers: { ...well.servers, kafka: { error: 'no broker answers' } }, stream: { error: 'no broker answers' } },
      [/^kafka: no broker answers$/],
    ],
    [
      'a partition that stands still',
      { stream: { ...reader, partitions: [stuck] } },
      [/^stream: t\/0 stands still: offset 4 is no longer in Kafka$/],
    ],
    [
      'a reader that commits nothing while records wait',
      { stream: { ...reader, lagSeconds: 400, idleSeconds: 300 } },
      [/^stream: nothing was committed for 300 s although 9 records wait; is a worker running\?$/],
    ],
    ['a reader that catches up is none', { stream: { ...reader, lagSeconds: 4_000, idleSeconds: 1 } }, []],
    [
      'partitions that nobody took',
      { landing: { ...reader, partitions: [{ ...reader.partitions[0]!, owner: '' }] } },
      [/^landing: nobody has taken 1 of 1 partitions yet/],
    ],
    [
      'a paused schedule, and a reader whose workflow ended',
      {
        orchestration: {
          schedule: 'paused',
          readers: { stream: 'TERMINATED', landing: 'RUNNING' },
          modes: { stream: null, landing: null },
        },
      },
      [/schedule is paused/, /^stream: its workflow is not running \(TERMINATED\)/],
    ],
    ['a publish that is pending for a moment is none', { lake: { pending, marts: [{ ...mart, problem: null, nextTry: null }] } }, []],
    [
      'a publish that cannot be finished, and a mart that is behind',
      { lake: { pending: { ...pending, tries: 1, problem: 'S3 says no.' }, marts: [mart] } },
      [
        /^lake: the publish of run r1 is pending since 2026.*; 1 try to finish it failed, the last because: S3 says no\. \(.*batch abandon/,
        /^mart m is not up to date and tried again at 2026-01-01T00:01:00Z: its table is not there$/,
      ],
    ],
    [
      'a publish that was left by a crash, and let go',
      { lake: { pending: { ...pending, ageSeconds: 90, abandon: { why: 'lost', by: 'user a', at: '2026-01-01T00:00:09Z' } }, marts: [] } },
      [/^lake: .* \(user a let it go at 2026-01-01T00:00:09Z: lost; the next publish puts the lake back\)$/],
    ],
    [
      'a clean-up that failed',
      { cleanup: [{ target: 'staging', at: '', removed: 0, removedTotal: 7, problem: 'denied: no' }] },
      [/^clean-up of staging failed: denied: no$/],
    ],
    ['complete intervals are none', { intervals: [interval] }, []],
    [
      'a held interval, and those before the ones shown',
      { intervals: [{ ...interval, state: 'held', problem: 'counts differ' }], heldIntervals: 3 },
      [
        /^interval 2026-01-01T00:00:00Z is held: counts differ \(npx pinflow batch retry 2026-01-01T00:00:00Z lets it go\)$/,
        /^2 older intervals are held: npx pinflow batch list --state held says why, npx pinflow batch retry --held lets them go$/,
      ],
    ],
    [
      'an interval that backs off says until when, also where it is not among those shown',
      {
        intervals: [{ ...interval, state: 'backing_off', problem: 'denied: S3', nextTry: '2026-01-01T01:00:15Z' }],
        backingOff: { count: 3, oldest: { start: '2025-12-31T00:00:00Z', problem: 'denied: S3', nextTry: '2026-01-01T01:10:00Z' } },
      },
      [
        /^interval 2026-01-01T00:00:00Z is backing_off and tried again at 2026-01-01T01:00:15Z: denied: S3$/,
        /^2 older intervals back off, the oldest is 2025-12-31T00:00:00Z and tried again at 2026-01-01T01:10:00Z: denied: S3$/,
      ],
    ],
  ];
  for (const [name, changes, expected] of cases) {
    test(name, () => {
      const problems = problemsOf({ ...well, ...changes });
      assert.equal(problems.length, expected.length, problems.join('; '));
      for (const [i, pattern] of expected.entries()) assert.match(problems[i]!, pattern);
    });
  }
});
