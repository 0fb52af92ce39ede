import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callerEnvironment } from '#adapters/config.ts';
import { hasProc } from '#bench/measure/processes.ts';
import { findProblems, measureStream } from '#bench/stream/measure-stream.ts';
import { makeRecords } from '#bench/stream/records.ts';
import type { Findings } from '#bench/stream/report.ts';
import { findTargets, reportOf } from '#bench/stream/report.ts';
import type { Run } from '#bench/stream/run.ts';
import { findMisfits } from '#bench/stream/run.ts';
import { testConfig } from '#test/support/servers.ts';
import { makeTestHome } from '#test/support/stack-home.ts';

const preloaded = { records: 2_000, identities: 1_950, bytesEach: 815 };

function run(recordsPerS: number, over: Partial<Run> = {}): Run {
  return {
    rows: 1_950,
    records: 2_000,
    transactions: 4,
    content: '1',
    recordsPerS,
    firstS: 0.3,
    processUs: 20,
    postgresUs: 30,
    rssBytes: 2e8,
    foreignCores: 0.05,
    problems: [],
    ...over,
  };
}

test('both drain the same records into the same rows', async () => {
  const session = {
    home: makeTestHome(),
    environment: callerEnvironment(),
    config: await testConfig(),
    stop: { signal: new AbortController().signal, onInsist: () => undefined },
    say: () => undefined,
  };
  const { findings } = await measureStream({ records: 2_000, runs: 1 }, session);
  assert.deepEqual(findings.problems, []);
  assert.deepEqual([findings.preloaded.records, findings.preloaded.identities], [2_000, 1_950]);
  const [ours, peer] = [findings.ours[0]!, findings.peer[0]!];
  assert.equal(ours.content, peer.content);
  for (const { rows, records, transactions, recordsPerS, processUs } of [ours, peer]) {
    assert.deepEqual([rows, records], [1_950, 2_000]);
    assert.ok(transactions >= findings.partitions && recordsPerS > 0, `${transactions} transactions, ${recordsPerS} records/s`);
    if (hasProc()) assert.ok(processUs! > 0);
  }
});

test('a twentieth of the records was sent before, byte for byte', () => {
  const records = [...makeRecords(2_000)];
  const texts = new Map<string, string>();
  for (const { identity, text } of records) {
    assert.equal((JSON.parse(text) as { unique_id: string }).unique_id, identity);
    assert.equal(texts.get(identity) ?? text, text);
    texts.set(identity, text);
  }
  assert.equal(texts.size, 1_950);
});

test('missing rows, missing records and rows that differ are found out', () => {
  assert.deepEqual(findMisfits(preloaded, run(1)), []);
  assert.match(findMisfits(preloaded, run(1, { rows: 1_949 })).join(), /1950 identities are in the log, but the table holds 1949/);
  assert.match(findMisfits(preloaded, run(1, { records: 2_001 })).join(), /2000 records are in the log, .* applied 2001/);
  assert.deepEqual(findProblems([run(1), run(2)], [run(3)]), []);
  assert.deepEqual(findProblems([run(1, { problems: ['lost one.'] })], [run(3, { content: '2' })]), [
    'pinflow: lost one.',
    'The runs left different rows.',
  ]);
});

test('the report has each run, medians, ratios and targets', () => {
  const ours = [run(18_000), run(24_000, { foreignCores: 0.5 }), run(22_000)];
  const peer = [run(40_000, { processUs: 10 }), run(44_000, { processUs: 10 }), run(50_000, { processUs: 10 })];
  const machine = { cores: 2, cpu: 'some', memoryGb: 24, node: '24', kafka: '4' };
  const findings: Findings = { machine, preloaded, partitions: 4, ours, peer, targets: findTargets(ours, peer), problems: ['lost one'] };
  const report = reportOf(findings);
  for (const expected of [
    /^pinflow +24,000 +20\.0 +30\.0 +4 +500 +0\.30 +200 +0\.50!$/m,
    /^pinflow +22,000 \(18,000-24,000\)/m,
    /^ratio +0\.50 +2\.00 +1\.00/m,
    /^records a second, every metric on +>= 20,000 \/s +22,000 \/s +reached$/m,
    /^against the bare loop +>= 0\.85 x +0\.50 x +NOT reached$/m,
    /NOT everything adds up:\n {2}lost one/,
  ])
    assert.match(report, expected);
});
