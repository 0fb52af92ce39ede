import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Station } from '#domain/answers/flow.ts';
import { stationsOf } from '#domain/flow/stations.ts';
import { totalLagOf } from '#domain/status.ts';

type Looked = Parameters<typeof stationsOf>[0];
const partition = {
  topic: 't',
  partition: 0,
  nextOffset: 5,
  highWatermark: 5,
  lagRecords: 0,
  lagSeconds: 0,
  gapOffsets: 0,
  owner: 'w',
  problem: null,
};
const well: Looked = {
  at: '2026-01-31T12:00:00Z',
  servers: { api: 'up', kafka: 'up', s3: 'up', postgres: 'up', temporal: 'up' },
  orchestration: {
    schedule: 'active',
    readers: { stream: 'RUNNING', landing: 'RUNNING' },
    modes: { stream: 'reading', landing: 'reading' },
  },
  stream: totalLagOf([partition, { ...partition, partition: 1 }]),
  landing: totalLagOf([partition]),
  intervals: [],
  heldIntervals: 0,
  backingOff: { count: 0, oldest: null },
  generation: { id: 3, publishedAt: '2026-01-31T12:00:00Z' },
  lake: { pending: null, marts: [] },
  cleanup: [],
};
const statesOf = (change: Partial<Looked>, reasons: string[] = []): string =>
  stationsOf({ ...well, ...change }, { reasons })
    .map(({ name, state }: Station) => `${name} ${state}`)
    .filter((text) => !text.endsWith('runs'))
    .join();

test('where all is well every station runs', () => assert.equal(statesOf({}), ''));

test('what stands is seen at the station that stands, and nowhere else', () => {
  const error = { error: 'gone' };
  assert.equal(statesOf({}, ['Kafka is away']), 'door stopped');
  assert.equal(statesOf({ servers: { ...well.servers, kafka: error } }), 'kafka stopped');
  assert.equal(statesOf({ servers: { ...well.servers, s3: error } }), 'raw stopped');
  const { orchestration } = well as { orchestration: Exclude<Looked['orchestration'], { error: string }> };
  assert.equal(statesOf({ orchestration: { ...orchestration, modes: { stream: 'paused', landing: 'reading' } } }), 'postgres paused');
  assert.equal(statesOf({ orchestration: { ...orchestration, readers: { stream: 'RUNNING', landing: 'TERMINATED' } } }), 'raw stopped');
  assert.equal(statesOf({ orchestration: { ...orchestration, schedule: 'paused' } }), 'clean paused');
  assert.equal(statesOf({ heldIntervals: 2 }), 'clean troubled');
  assert.equal(statesOf({ lake: error }), 'answers unknown');
});

test('a reader with one partition that stands is in trouble, with all of them it is stopped', () => {
  const stuck = { ...partition, problem: 'fenced' };
  assert.equal(statesOf({ stream: totalLagOf([stuck, { ...partition, partition: 1 }]) }), 'postgres troubled');
  assert.equal(statesOf({ stream: totalLagOf([stuck, { ...stuck, partition: 1 }]) }), 'postgres stopped');
});
