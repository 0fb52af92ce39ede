import truncate from 'cli-truncate';
import type { TailLine } from '#domain/answers/tail-lines.ts';
import { printable } from '#domain/printable.ts';

/** One line for a person, at most `width` columns of a terminal where that is known. */
export function tailText(line: TailLine, width: number | undefined): string {
  const text = printable(textOf(line));
  return width === undefined ? text : truncate(text, width);
}

function textOf(line: TailLine): string {
  switch (line.type) {
    case 'record': {
      const { time, kind, partition, offset, key, value, valueBase64 } = line;
      const content = valueBase64 === undefined ? JSON.stringify(value) : `(no JSON object, ${byteCountOf(valueBase64)} bytes)`;
      return `${clockOf(time)} ${kind.padEnd(4)} ${partition}/${offset} ${key ?? '(no key)'} ${senderOf(line)} ${content}`;
    }
    case 'refusal': {
      const { time, route, kind, status, reason, count, requestId, message, client } = line;
      return `${clockOf(time)} refused ${status} ${route}${kind === null ? '' : ` ${kind}`} ${reason} x${count} ${senderOf(line)} client=${client} request=${requestId}: ${message}`;
    }
    case 'reject': {
      const { time, kind, partition, offset, reason } = line;
      return `${clockOf(time)} rejected ${kind} ${partition}/${offset} ${reason} ${senderOf(line)}`;
    }
    case 'skipped':
      return `... ${line.count} left out: they come faster than they are read`;
    case 'note':
      return `... ${line.message}`;
  }
}

/** `12:03:04.123Z` of an RFC 3339 time. */
function clockOf(time: string): string {
  return time.slice(11);
}

function senderOf({ source, keyId }: { source: string | null; keyId: string | null }): string {
  return `source=${source === null || source === '' ? '-' : source} key=${keyId === null || keyId === '' ? '-' : keyId}`;
}

function byteCountOf(base64: string): number {
  return Buffer.byteLength(base64, 'base64');
}
