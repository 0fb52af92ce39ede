import type { Status } from '#questions/status.ts';
import type { ReaderStatus, ServerName, Unreachable } from '#domain/status.ts';
import { isUnreachable } from '#domain/status.ts';
import { numberOf, plainTable, terminalWidth } from './plain-table.ts';

/** The status as one screen for a person. */
export function statusScreen(status: Status): string {
  const verdict =
    status.problems.length === 0
      ? 'All is well.'
      : `${status.problems.length === 1 ? 'One problem' : `${status.problems.length} problems`}:\n${status.problems.map((problem) => `  - ${problem}`).join('\n')}`;
  return [endpointsTable(status), readersTable(status), intervalsTable(status), cleanupLine(status), verdict].join('\n\n');
}

function endpointsTable({ endpoints, servers }: Status): string {
  const up = (name: ServerName): string => (servers[name] === 'up' ? 'up' : 'DOWN');
  return plainTable(
    ['server', 'state', 'endpoint'],
    [
      ['API', up('api'), endpoints.api],
      ['Temporal', up('temporal'), endpoints.temporal],
      ['Temporal Web UI', '', endpoints.temporalUi],
      ['Kafka', up('kafka'), endpoints.kafka],
      ['S3', up('s3'), endpoints.s3.endpoint],
      ['  bucket', '', endpoints.bucket ?? '(not chosen yet)'],
      ['  keys in', '', endpoints.s3.keysIn],
      ['Postgres', up('postgres'), endpoints.postgres],
    ],
  );
}

/** A line a reader, and one for each of its partitions that is behind. */
function readersTable({ stream, landing }: Status): string {
  return plainTable(
    ['reader', numberOf('records behind'), numberOf('seconds behind'), 'at'],

    [...readerRows('stream', stream), ...readerRows('landing', landing)],
  );
}

function readerRows(name: string, reader: ReaderStatus | Unreachable): string[][] {
  if (isUnreachable(reader)) return [[name, '?', '?', '']];
  const behind = reader.partitions.filter(({ lagRecords, gapOffsets, problem }) => lagRecords > 0 || gapOffsets > 0 || problem !== null);
  return [
    [name, String(reader.lagRecords), String(reader.lagSeconds), `${reader.partitions.length} partitions`],
    ...behind.map((one) => [
      `  ${one.topic}/${one.partition}`,
      String(one.lagRecords),
      String(one.lagSeconds),
      `offset ${one.nextOffset} of ${one.highWatermark}${one.gapOffsets > 0 ? `, ${one.gapOffsets} without a record` : ''}`,
    ]),
  ];
}

function intervalsTable({ intervals, generation }: Status): string {
  if (isUnreachable(intervals)) return 'Intervals: not known';
  const published =
    generation === null || isUnreachable(generation)
      ? 'No generation is published yet.'
      : `Generation ${generation.id}, published at ${generation.publishedAt}, serves.`;
  if (intervals.length === 0) return `No interval has closed yet. ${published}`;
  const count = (value: number | null): string => (value === null ? '' : String(value));
  const rows = intervals.map((one) => [
    one.start,
    one.end,
    one.state,
    count(one.records),
    count(one.clean),
    count(one.rejects),
    count(one.duplicates),
    count(one.generation),
  ]);
  return `${plainTable(['interval from', 'to', 'state', ...['records', 'clean', 'rejects', 'duplicates', 'generation'].map(numberOf)], rows, { width: terminalWidth() })}\n${published}`;
}

/** One line: when the last clean-up ended, and what it removed. */
function cleanupLine({ cleanup }: Status): string {
  if (isUnreachable(cleanup)) return 'Clean-up: not known';
  const last = cleanup
    .map(({ at }) => at)
    .toSorted()
    .at(-1);
  if (last === undefined) return 'Clean-up: none has run yet.';
  const removed = cleanup.filter((one) => one.removed > 0).map((one) => `${one.removed} of ${one.target}`);
  return `Clean-up: the last one ended at ${last} and removed ${removed.length === 0 ? 'nothing' : removed.join(', ')}.`;
}
