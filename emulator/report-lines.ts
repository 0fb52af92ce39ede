import { printable } from '#domain/printable.ts';
import type { Answer } from '#emulator/post.ts';
import type { EmulatorReport, EmulatorSummary, Posted } from '#emulator/run.ts';

/** How the emulator tells what it does: one line an event, one line when the door goes away or comes back. */
export type ReportOptions = {
  /** `lines` for people, `json` for programs (an object a line), `quiet` for refusals and troubles only. */
  form: 'lines' | 'json' | 'quiet';
  write: (line: string) => void;
  writeError: (line: string) => void;
};

export function makeReport({ form, write, writeError }: ReportOptions): EmulatorReport {
  return {
    posted(posted) {
      if (form === 'lines') write(lineOf(posted));
      if (form === 'json') write(JSON.stringify(posted));
      for (const answer of posted.answers) if (!answer.acked) writeError(refusalOf(posted, answer));
    },
    trouble: (line) => writeError(`emulator: ${line}`),
  };
}

/** The last line of a run. */
export function summaryLineOf({ events, requests, acked, refused, retried, seconds }: EmulatorSummary): string {
  return `${events} events: ${requests} posted, ${acked} acked, ${retried} retried, ${refused} refused, in ${seconds.toFixed(1)} s`;
}

/** Number, answers, and what the three rows are about; the full rows are in the JSON form. */
function lineOf({ number, event, answers }: Posted): string {
  const statuses = answers.map((answer) => answer.status).join(' ');
  const pin =
    event.pin === undefined
      ? ''
      : ` ${text(event.pin['category'])} ${text(event.pin['unique_id'])} ${quoted(event.pin['title'])} by ${quoted(event.pin['poster_name'])} (${text(event.pin['follower_count'])})`;
  const kinds = answers.map((answer) => answer.kind).join('+');
  return `#${number} ${statuses} ${kinds} ${event.ind}${pin}`;
}

function refusalOf({ number, event }: Posted, { kind, status, reason }: Answer): string {
  return `emulator: event #${number} (${kind} ${event.ind}) was refused with ${status}: ${printable(reason ?? '')}`;
}

function text(value: unknown): string {
  return printable(String(value));
}

function quoted(value: unknown): string {
  return printable(JSON.stringify(value ?? null));
}
