import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Client } from '@temporalio/client';
import type { Config } from '#adapters/config.ts';
import { connectTemporal } from '#adapters/temporal.ts';
import type { CliResult } from '#test/cli/run-cli.ts';
import { ofEveryCommand, runCli } from '#test/cli/run-cli.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';

/** The stand-in for tctl against the embedded Temporal, on a schedule of the test's own whose queue nobody serves. */
let config: Config;
let client: Client;
let environment: NodeJS.ProcessEnv;
const scheduleId = `tctl-test-${randomBytes(4).toString('hex')}`;

before(async () => {
  config = await testConfig();
  client = await connectTemporal(config);
  environment = { ...ofEveryCommand(), PINFLOW_HOME: config.home, TEMPORAL_CLI_ADDRESS: config.temporalAddress };
  await client.schedule.create({
    scheduleId,
    spec: { intervals: [{ every: '1h' }] },
    policies: { overlap: 'BUFFER_ONE' },
    action: { type: 'startWorkflow', workflowType: 'pinTest', taskQueue: scheduleId, workflowId: scheduleId },
  });
});

after(async () => {
  await client.schedule.getHandle(scheduleId).delete();
  for (const { workflowId } of await runs()) await client.workflow.getHandle(workflowId).terminate();
  await client.connection.close();
});

const tctl = (...args: string[]): Promise<CliResult> => runCli('cli/tctl.ts', args, environment);

async function runs(): Promise<{ workflowId: string }[]> {
  const found: { workflowId: string }[] = [];
  for await (const { workflowId } of client.workflow.list({
    query: `TemporalScheduledById = '${scheduleId}' AND ExecutionStatus = 'Running'`,
  }))
    found.push({ workflowId });
  return found;
}

const buffered = async (): Promise<number> => {
  const { info } = await client.workflowService.describeSchedule({ namespace: config.temporalNamespace, scheduleId });
  return Number(info?.bufferSize ?? 0);
};

describe('trigger', () => {
  test("starts a run, and a second one waits as the schedule's own policy says, not beside it", async () => {
    assert.deepEqual(await tctl('schedule', 'trigger', '--schedule_id', scheduleId), {
      code: 0,
      stdout: 'Trigger request sent\n',
      stderr: '',
    });
    await waitFor(async () => (await runs()).length === 1, { what: 'the run of the trigger' });
    assert.equal((await tctl('schedule', 'trigger', '--sid', scheduleId)).code, 0);
    await waitFor(async () => (await buffered()) === 1, { what: 'the second trigger in the buffer' });
    assert.equal((await runs()).length, 1);
  });

  test("a policy given in any case wins over the schedule's", async () => {
    assert.equal((await tctl('schedule', 'trigger', '-s', scheduleId, '--overlap_policy', 'allowall')).code, 0);
    await waitFor(async () => (await runs()).length === 2, { what: 'a run beside the first' });
  });

  test('an unknown schedule is told in the words of tctl', async () => {
    const { code, stdout, stderr } = await tctl('schedule', 'trigger', '--schedule_id', 'nobody-made-this');
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.match(stderr, /^unable to trigger schedule: rpc error: code = NotFound desc = /);
  });

  test('an unknown policy is refused with the ones there are', async () => {
    const { code, stderr } = await tctl('schedule', 'trigger', '--sid', scheduleId, '--overlap_policy', 'Sometimes');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /Unknown overlap policy "Sometimes": expected one of Skip, BufferOne, BufferAll, CancelOther, TerminateOther, AllowAll/,
    );
  });
});

test("describe shows one row, and the server's answer with --print_raw", async () => {
  const { code, stdout } = await tctl('schedule', 'describe', '--schedule_id', scheduleId);
  const [head, row, ...rest] = stdout.trimEnd().split('\n');
  assert.equal(code, 0);
  assert.equal(
    head,
    `ScheduleId${' '.repeat(scheduleId.length - 10)}  WorkflowType  Paused  Notes  RunningWorkflows${head?.split('RunningWorkflows')[1] ?? ''}`,
  );
  assert.match(head ?? '', /NextRunTime +LastRunTime +Specification$/);
  assert.ok(row?.startsWith(`${scheduleId}  pinTest`));
  assert.deepEqual(rest, []);
  const asked = await tctl('schedule', 'describe', '--sid', scheduleId, '--praw');
  assert.equal(asked.code, 0, asked.stderr);
  const raw = JSON.parse(asked.stdout) as {
    schedule: { policies: { overlapPolicy: string } };
  };
  assert.equal(raw.schedule.policies.overlapPolicy, 'SCHEDULE_OVERLAP_POLICY_BUFFER_ONE');
});

test('list shows the schedule', async () => {
  const isListed = async (): Promise<boolean> => {
    for await (const schedule of client.schedule.list()) if (schedule.scheduleId === scheduleId) return true;
    return false;
  };
  await waitFor(isListed, { what: 'the schedule in the list' });
  const { stdout } = await tctl('schedule', 'list');
  assert.ok(stdout.includes(scheduleId), stdout);
});

test('toggle pauses with a reason and unpauses', async () => {
  const paused = async (): Promise<object> => {
    const { state } = await client.schedule.getHandle(scheduleId).describe();
    return { paused: state.paused, note: state.note };
  };
  assert.equal((await tctl('schedule', 'toggle', '--sid', scheduleId, '--pause', '--re', 'a test')).stdout, 'Schedule updated\n');
  assert.deepEqual(await paused(), { paused: true, note: 'a test' });
  assert.equal((await tctl('schedule', 'toggle', '--sid', scheduleId, '--unpause')).stdout, 'Schedule updated\n');
  assert.deepEqual(await paused(), { paused: false, note: '(no reason provided)' });
});

test('backfill runs the times of a range', async () => {
  const before = (await runs()).length;
  const { stdout } = await tctl(
    'schedule',
    'backfill',
    '--sid',
    scheduleId,
    '--start_time',
    '2026-01-01T00:30:00Z',
    '--end_time',
    '2026-01-01T02:30:00Z',
    '--overlap_policy',
    'AllowAll',
  );
  assert.equal(stdout, 'Backfill request sent\n');
  await waitFor(async () => (await runs()).length === before + 2, { what: 'the two runs of the range' });
});

describe('mistakes end with 1', { concurrency: 4 }, () => {
  const mistakes: [args: string[], stderr: RegExp][] = [
    [['schedule', 'trigger'], /^Required flag "sid" not set$/m],
    [['schedule', 'toggle', '--sid', 'x'], /^Must specify one of --pause and --unpause$/m],
    [['schedule', 'toggle', '--sid', 'x', '--pause', '--unpause'], /^Must specify one of --pause and --unpause$/m],
    [['schedule', 'backfill', '--sid', 'x', '--start_time', '3d'], /^Required flag "end_time" not set$/m],
    [['schedule', 'backfill', '--sid', 'x', '--start_time', 'soon', '--end_time', '1h'], /Cannot parse start_time "soon"/],
    [['schedule', 'triger', '--sid', 'x'], /unknown command 'triger'/],
    [['--ct', '1', '--ad', '127.0.0.1:1', 'schedule', 'list'], /^unable to list schedules: Temporal at 127\.0\.0\.1:1 cannot be reached/],
    [['--tls_cert_path', '/nowhere', 'schedule', 'list'], /belong together/],
  ];
  for (const [args, stderr] of mistakes) {
    test(args.join(' '), async () => {
      const result = await tctl(...args);
      assert.equal(result.code, 1);
      assert.match(result.stderr, stderr);
    });
  }
});

test('--version and --help answer', async () => {
  assert.match((await tctl('--version')).stdout, /tctl/);
  assert.match((await tctl('schedule', 'trigger', '--help')).stdout, /--overlap_policy/);
});
