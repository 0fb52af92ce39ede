import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeCommands } from '#bench/footprint/command-times.ts';
import type { Findings } from '#bench/footprint/findings.ts';
import { reportOf } from '#bench/footprint/report.ts';
import { callerEnvironment } from '#adapters/config.ts';
import { settings } from '#adapters/settings/settings.ts';

const findings: Findings = {
  effort: { settleSeconds: 180, seconds: 120, commandRuns: 3 },
  firstAckedSeconds: 5.04,
  screenSeconds: 6.1,
  atRest: [
    { name: 'worker', cores: 0.0185, pssBytes: 300e6 },
    { name: 'kafka', cores: 0.085, pssBytes: 280e6 },
  ],
  commands: [{ command: 'pinflow version', seconds: [0.2, 0.5, 0.3] }],
};

test('the report adds up what the processes use, and states each target as reached or not', () => {
  const report = reportOf(findings);
  assert.match(report, /^kafka +0\.0850 +280\nworker +0\.0185 +300\nall +0\.1035 +580$/m);
  assert.match(report, /^pinflow version +0\.30 \(0\.20-0\.50\)$/m);
  assert.match(report, /^CPU at rest +<= 0\.1 cores +0\.10 cores +NOT reached$/m);
  assert.match(report, /^memory at rest \(PSS\) +<= 1,000 MB +580 MB +reached$/m);
});

test('a command that fails is no measurement', async () => {
  // Nothing runs in this home, so that sql has nobody to ask.
  const environment = {
    ...callerEnvironment(),
    [settings.home.env]: '/nonexistent',
    [settings.postgresUrl.env]: 'postgres://x@127.0.0.1:1/x',
  };
  await assert.rejects(timeCommands({ environment }, 1), /pinflow sql select 1 ended with code 1/);
});
