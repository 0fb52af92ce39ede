import { test } from 'node:test';
import { assertNone, linesThat, trackedFiles } from './tracked-files.ts';

const tests = trackedFiles.filter((path) => path.startsWith('test/') && path.endsWith('.ts') && !path.startsWith('test/tidy/'));

test('no test hides the others', () => {
  const offenders = linesThat(tests, (line) => /\b(test|it|describe|suite)\.only\(|\bonly: true/.test(line));
  assertNone(offenders, 'With `only` the rest passes by not running:');
});

test('a test that does not run says why', () => {
  const offenders = linesThat(tests, (line) =>
    /\b(test|it|describe|suite)\.(skip|todo)\(|\b(skip|todo): true|\b(t|context)\.(skip|todo)\(\s*\)/.test(line),
  );
  assertNone(
    offenders,
    'The report must tell what was not tested and why: `{ skip: condition ? "reason" : false }` or `t.skip("reason")`:',
  );
});

test('tests wait for states, not for time to pass', () => {
  const offenders = linesThat(
    tests.filter((path) => !path.startsWith('test/support/')),
    (line) => /\bsetTimeout\(|timers\/promises|Atomics\.wait\(/.test(line),
  );
  assertNone(
    offenders,
    'A sleep is too short on a slow machine and too long on every other; wait for a signal or a state (test/support/):',
  );
});
