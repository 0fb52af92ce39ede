import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerResult } from '#bench/ingest/measure-peers.ts';
import { peakOf } from '#bench/ingest/measure-peers.ts';
import { peers } from '#bench/ingest/peers.ts';
import { reportOf } from '#bench/ingest/report.ts';
import type { Run } from '#bench/ingest/run.ts';
import { findTargets } from '#bench/ingest/targets.ts';
import { isReached } from '#bench/measure/targets.ts';
import { median, percentile, showSpread } from '#bench/measure/numbers.ts';
import { selfTimes } from '#bench/measure/profile.ts';

function run(eventsPerS: number, over: Partial<Run> = {}): Run {
  return {
    seconds: 8,
    answered: eventsPerS * 8,
    refused: 0,
    failed: 0,
    uncountedMax: 64,
    p50Ms: 0.4,
    p99Ms: 25,
    maxMs: 30,
    eventsPerS,
    usage: { wallS: 8, foreignCores: 0.05, serverRssBytes: 1e8 },
    serverCpuPerMillion: 40,
    brokerCpuPerMillion: 20,
    disturbed: false,
    stored: eventsPerS * 8,
    problems: [],
    ...over,
  };
}

function result(name: string, saturated: Run[], notRun?: string): PeerResult {
  return { peer: peers.find((peer) => peer.name === name)!, saturated, single: saturated.slice(0, 1), constant: undefined, notRun };
}

const results = [
  result('pinflow', [run(21_000), run(90_000, { disturbed: true, usage: { wallS: 8, foreignCores: 0.9 } }), run(23_000)]),
  result('fastify', [run(25_000)]),
  result('fastapi-aiokafka-linger-0', [run(4_000)]),
  result('fastapi-aiokafka-linger-5', [run(5_500)]),
  result('express-naive', [], 'no such thing here'),
];

test('figures are medians of undisturbed runs, ratios are to the better variant of a peer', () => {
  assert.equal(peakOf(results[0]!), 22_000);
  const targets = findTargets(results, [{ processes: 1, connections: 4, run: run(120_000) }]);
  const found = Object.fromEntries(targets.map((target) => [target.name, [target.found, isReached(target)]]));
  assert.deepEqual(found, {
    'acked POST a second': [22_000, true],
    'against FastAPI + aiokafka': [4, true],
    'against Fastify with our publisher': [0.88, false],
    'one client, p50': [0.4, true],
    'p99 at saturation': [25, false],
    'bulk events a second': [120_000, true],
  });
});

test('where every run was disturbed, they count, and are marked', () => {
  const disturbed = run(10_000, { disturbed: true, usage: { wallS: 8, foreignCores: 0.9 } });
  assert.equal(peakOf({ saturated: [disturbed] }), 10_000);
  const machine = { cores: 2, cpu: 'some', memoryGb: 24, node: '24', kafka: '4' };
  const only = [result('pinflow', [disturbed])];
  assert.match(reportOf({ machine, results: only, bulk: 'no route', targets: [], problems: [] }), /0\.90!/);
});

test('the report says what was not run, not reached, and does not add up', () => {
  const machine = { cores: 2, cpu: 'some', memoryGb: 24, node: '24', kafka: '4' };
  const text = reportOf({ machine, results, bulk: 'no route', targets: findTargets(results, []), problems: ['pinflow: lost one'] });
  for (const expected of [
    /express-naive +not run/,
    /not run: no such thing here/,
    /not run: no route/,
    /0\.88 x +NOT reached/,
    /bulk events a second .* not measured/,
    /NOT everything adds up:\n {2}pinflow: lost one/,
    /22,000 \(21,000-23,000\)/,
  ])
    assert.match(text, expected);
});

test('medians and percentiles', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
  const hundred = Float64Array.from({ length: 100 }, (_, i) => i + 1);
  assert.deepEqual([percentile(hundred, 0.5), percentile(hundred, 0.99), percentile(hundred, 1)], [50, 99, 100]);
  assert.equal(showSpread([1_000, 3_000]), '2,000 (1,000-3,000)');
});

test('self times of a profile leave out idle time and add up by group', () => {
  const frame = (id: number, functionName: string, url: string) => ({ id, callFrame: { functionName, url, lineNumber: 9 } });
  const profile = {
    nodes: [frame(1, '(idle)', ''), frame(2, 'encode', 'node:buffer'), frame(3, 'parse', 'file:///x/node_modules/zod/v4.js')],
    samples: [1, 2, 3, 3],
    startTime: 0,
    endTime: 4_000_000,
  };
  assert.deepEqual(
    selfTimes(profile, (_name, place) => (place.startsWith('node:') ? 'node' : 'package')),
    {
      functions: [
        { name: 'parse zod/v4.js:10', seconds: 2 },
        { name: 'encode node:buffer:10', seconds: 1 },
      ],
      groups: [
        { name: 'package', seconds: 2 },
        { name: 'node', seconds: 1 },
      ],
    },
  );
});
