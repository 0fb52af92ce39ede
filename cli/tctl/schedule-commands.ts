import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { plainTable } from '../plain-table.ts';
import type { GlobalOptions } from './connection.ts';
import { withTemporal } from './connection.ts';
import { usageError } from '../run-program.ts';
import { doing } from './errors.ts';
import { overlapPolicyNames, parseOverlapPolicy } from './overlap-policy.ts';
import {
  backfillSchedule,
  describeHead,
  describeRow,
  describeScheduleRaw,
  listHead,
  listRow,
  pauseSchedule,
  triggerSchedule,
  unpauseSchedule,
} from './schedule-requests.ts';
import { parseTime } from './times.ts';

type WithSchedule = { schedule_id?: string };
type Overlap = { overlap_policy?: string };

/** `tctl schedule trigger | describe | list | toggle | backfill`. */
export function addScheduleCommands(program: Command): void {
  const schedule = program.command('schedule').description('Operate schedules');
  const withId = (name: string, description: string): Command =>
    schedule.command(name).description(description).option('-s, --schedule_id <id>', 'schedule id (also --sid)');
  const connected = <Result>(what: string, work: (client: Client) => Promise<Result>): Promise<Result> =>
    doing(what, () => withTemporal(program.opts<GlobalOptions>(), work));
  const overlapText = `one of ${overlapPolicyNames} (default: the schedule's own)`;

  withId('trigger', 'Run the schedule now')
    .option('--overlap_policy <policy>', overlapText)
    .addHelpText('after', '\nExample:\n  $ tctl schedule trigger --schedule_id pin-batch --overlap_policy BufferAll')
    .action(async (options: WithSchedule & Overlap) => {
      const id = idOf(options);
      const policy = parseOverlapPolicy(options.overlap_policy);
      await connected('trigger schedule', (client) => triggerSchedule(client, id, policy));
      console.log('Trigger request sent');
    });

  withId('backfill', 'Run the schedule for a time range in the past')
    .option('--start_time <time>', 'RFC 3339, Unix nanoseconds, or a span back from now (3d)')
    .option('--end_time <time>', 'the same')
    .option('--overlap_policy <policy>', overlapText)
    .addHelpText('after', '\nExample:\n  $ tctl schedule backfill --schedule_id pin-batch --start_time 3h --end_time 1h')
    .action(async (options: WithSchedule & Overlap & { start_time?: string; end_time?: string }) => {
      const id = idOf(options);
      const now = Date.now();
      const range = {
        start: parseTime('start_time', required('start_time', options.start_time), now),
        end: parseTime('end_time', required('end_time', options.end_time), now),
      };
      const policy = parseOverlapPolicy(options.overlap_policy);
      await connected('backfill schedule', (client) => backfillSchedule(client, id, range, policy));
      console.log('Backfill request sent');
    });

  withId('describe', 'Show a schedule')
    .option('--print_raw', "the server's answer as JSON (also --praw)")
    .addHelpText('after', '\nExample:\n  $ tctl schedule describe --schedule_id pin-batch')
    .action(async (options: WithSchedule & { print_raw?: boolean }) => {
      const id = idOf(options);
      const text = await connected('describe schedule', async (client) => {
        // Asked first in either case: its error is the server's own.
        const raw = await describeScheduleRaw(client, id);
        return options.print_raw === true
          ? JSON.stringify(raw, null, 2)
          : plainTable(describeHead, [describeRow(await client.schedule.getHandle(id).describe())]);
      });
      console.log(text);
    });

  schedule
    .command('list')
    .description('List the schedules of the namespace')
    .addHelpText('after', '\nExample:\n  $ tctl schedule list')
    .action(async () => {
      const rows = await connected('list schedules', async (client) => {
        const found: string[][] = [];
        for await (const summary of client.schedule.list()) found.push(listRow(summary));
        return found;
      });
      console.log(plainTable(listHead, rows));
    });

  withId('toggle', 'Pause or unpause a schedule')
    .option('--pause', 'pause it')
    .option('--unpause', 'unpause it')
    .option('--reason <text>', 'noted at the schedule (also --re)', '(no reason provided)')
    .addHelpText('after', '\nExample:\n  $ tctl schedule toggle --schedule_id pin-batch --pause --reason "disk is full"')
    .action(
      async ({
        pause = false,
        unpause = false,
        reason,
        ...options
      }: WithSchedule & { pause?: boolean; unpause?: boolean; reason: string }) => {
        const id = idOf(options);
        if (pause === unpause) throw usageError('Must specify one of --pause and --unpause');
        await connected('toggle schedule', (client) => (pause ? pauseSchedule : unpauseSchedule)(client, id, reason));
        console.log('Schedule updated');
      },
    );
}

/** tctl names a missing option by its shortest alias of more than one letter. */
function idOf({ schedule_id: id }: WithSchedule): string {
  if (id === undefined || id === '') throw usageError('Required flag "sid" not set');
  return id;
}

function required(flag: string, value: string | undefined): string {
  if (value === undefined) throw usageError(`Required flag "${flag}" not set`);
  return value;
}
