import type { Request } from 'express';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal, refusalOfIssues, refusalOfProblem } from '#api/answers/refusal.ts';
import { answerProblem } from '#api/dialects/problem.ts';
import type { Behind } from '#api/door/behind.ts';
import { bodyEncodings } from '#api/door/decode-body.ts';
import type { Door } from '#api/door/door.ts';
import { apiSource } from '#api/door/event-headers.ts';
import type { BodyReader, EventRoute, EventToTake, Intake } from '#api/door/event-route.ts';
import { queryOf } from '#api/door/query.ts';
import { collectRejectedRows } from '#api/door/rejected-rows.ts';
import { answerRows } from '#api/events/events-answer.ts';
import type { RowProblem } from '#api/events/refusals.ts';
import {
  malformedRows,
  noKindOfRow,
  noRows,
  otherKindOfRow,
  rowTooLarge,
  tooManyRows,
  unknownKindOfAll,
  unknownKindOfRow,
  unknownReceipts,
} from '#api/events/refusals.ts';
import { readBody } from '#domain/door/read-event.ts';
import type { Row } from '#domain/kinds/row-key.ts';
import { keyText } from '#domain/kinds/row-key.ts';
import type { SplitProblem } from '#domain/door/split-rows.ts';
import { makeJsonSplitter, makeLineSplitter } from '#domain/door/split-rows.ts';
import { kindByEnding } from '#domain/door/topic-name.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { rowSchemas } from '#domain/kinds/row-schemas.ts';

const lineTypes = ['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonlines'];
const eventsTypes: ReadonlySet<string> = new Set(['application/json', ...lineTypes]);

/** Most rows of one request; their receipts are some 11 MB. */
export const rowsMax = 100_000;
/** Rows that are looked at before others have their turn: some milliseconds, however few bytes they are. */
const turnRowsMax = 200;

/** What the query says: the kind of all rows, and whether the answer lists receipts. */
type EventsQuery = { kind: Kind | undefined; hasReceipts: boolean };

/**
 * `POST /events`: one event, an array of them or NDJSON, of one kind (`?kind=`) or of the kinds that their own field
 * `kind` names. Rows are split and checked while they arrive; each stands for itself, so that the good ones of a mixed
 * request are kept.
 */
export function makeEventsRoute({ limits }: Pick<Door, 'limits'>): EventRoute {
  return {
    name: 'events',
    limits: { bytesMax: limits.requestBytesMax, types: eventsTypes, encodings: bodyEncodings },
    open(req) {
      const query = readQuery(req);
      return isRefusal(query) ? query : makeRowsReader(query, bringsLines(req), limits.eventBytesMax);
    },
    kindOf: (req) => kindNamed(queryOf(req).get('kind')) ?? '',
    refuse: answerProblem,
  };
}

function makeRowsReader({ kind, hasReceipts }: EventsQuery, hasLines: boolean, rowBytesMax: number): BodyReader {
  const rejected = collectRejectedRows();
  const events: EventToTake[] = [];
  const positions: number[] = [];
  const lines: number[] = [];
  let count = 0;
  let refusal: Refusal | undefined;
  let unread: Buffer | undefined;

  function takeRow(bytes: Buffer | undefined, line: number): boolean {
    if (refusal !== undefined) return true;
    const position = count++;
    if (count > rowsMax) {
      refusal = tooManyRows(rowsMax);
      return true;
    }
    const read = bytes === undefined ? rowTooLarge(rowBytesMax) : readRow(bytes, kind);
    if ('key' in read) {
      events.push(read);
      positions.push(position);
      lines.push(line);
    } else if (read.reason === 'malformed_json' && !hasLines) {
      // Borders of rows mean nothing in a text that is no JSON.
      refusal = { status: 422, ...read, message: `Row ${position}: ${read.message}` };
    } else rejected.add({ position, line, reason: read.reason, message: `${read.message}.` });
    return count % turnRowsMax === 0;
  }

  /** Every row that was looked at has its price, also where the request is refused for one of them. */
  function priced(found: Refusal | undefined): Refusal | undefined {
    return found && { ...found, rows: count };
  }

  const splitter = hasLines ? makeLineSplitter(rowBytesMax, takeRow) : makeJsonSplitter(rowBytesMax, takeRow);

  return {
    write(chunk): Refusal | Behind | undefined {
      const said = splitter.write(chunk ?? unread!);
      unread = Buffer.isBuffer(said) ? said : undefined;
      const found = priced(refusal ?? (Buffer.isBuffer(said) ? undefined : refusalOfSplit(said)));
      return found ?? (unread && { rows: count });
    },
    end(): Intake | Refusal {
      const problem = splitter.end();
      const found = priced(refusal ?? refusalOfSplit(problem));
      if (found !== undefined) return found;
      if (count === 0) return noRows;
      return {
        events,
        rejected,
        answer: (outcomes, eventIds) => answerRows({ events, positions, lines, rejected }, { hasLines, hasReceipts }, outcomes, eventIds),
      };
    },
  };
}

/** An event, or why the row is none: the same checks as on every other route. */
function readRow(bytes: Buffer, kindOfAll: Kind | undefined): EventToTake | RowProblem {
  const read = readBody(bytes);
  if (!read.ok) return aboutRow(refusalOfProblem(read.problem));
  const kind = kindOfRow(read.row, kindOfAll);
  if (typeof kind !== 'string') return kind;
  const checked = rowSchemas[kind].safeParse(read.row);
  if (!checked.success) return aboutRow(refusalOfIssues(checked.error.issues));
  return { kind, source: apiSource, key: Buffer.from(keyText(kind, checked.data as Row)), value: bytes };
}

/** By the query, else by the row's own field; where both are there they must agree. */
function kindOfRow(row: Row, kindOfAll: Kind | undefined): Kind | RowProblem {
  const said = row['kind'];
  if (said === undefined || said === null) return kindOfAll ?? noKindOfRow;
  const kind = kindNamed(said);
  if (kindOfAll !== undefined && kind !== kindOfAll) return otherKindOfRow(kindOfAll);
  return kind ?? unknownKindOfRow;
}

function kindNamed(name: unknown): Kind | undefined {
  return typeof name === 'string' && Object.hasOwn(kindByEnding, name) ? kindByEnding[name] : undefined;
}

/** What other routes say of a body, said of a row. */
function aboutRow({ reason, message }: Refusal): RowProblem {
  return { reason, message: message.replace(/^(The )?body\b/, '$1row') };
}

function refusalOfSplit(problem: SplitProblem | undefined): Refusal | undefined {
  return problem && malformedRows(problem);
}

function bringsLines(req: Request): boolean {
  const type = req.headers['content-type']?.toLowerCase() ?? '';
  return lineTypes.some((name) => type.startsWith(name));
}

function readQuery(req: Request): EventsQuery | Refusal {
  const query = queryOf(req);
  const name = query.get('kind');
  const kind = kindNamed(name);
  if (name !== null && kind === undefined) return unknownKindOfAll;
  const receipts = query.get('receipts');
  if (receipts !== null && receipts !== 'all' && receipts !== 'none') return unknownReceipts;
  return { kind, hasReceipts: receipts !== 'none' };
}
