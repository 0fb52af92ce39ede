import { describeEvents } from '#api/describe/describe-events.ts';
import { queryParameter } from '#api/describe/parameters.ts';
import { geo, pin, user } from '#api/describe/rows.ts';
import type { ShownExchanges } from '#api/describe/shown-exchanges.ts';
import { answerProblem } from '#api/dialects/problem.ts';
import type { Door } from '#api/door/door.ts';
import type { RowProblem } from '#api/events/refusals.ts';
import {
  malformedRows,
  noKindOfRow,
  noRows,
  otherKindOfRow,
  tooManyRows,
  unknownKindOfAll,
  unknownKindOfRow,
  unknownReceipts,
} from '#api/events/refusals.ts';
import { makeEventsRoute, rowsMax } from '#api/events/route.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { schemaOf } from '#api/openapi/json-schema.ts';
import type { SplitProblem } from '#domain/door/split-rows.ts';
import { makeJsonSplitter } from '#domain/door/split-rows.ts';
import { kinds } from '#domain/kinds/list.ts';
import { rowSchemas } from '#domain/kinds/row-schemas.ts';
import { eventsAnswer } from '#domain/schemas/events.ts';

const eventId = '01a1fb16-c5e0-709e-a436-189230e48072';
const receipt = (position: number, kind: string) => ({ position, kind, partition: 0, offset: 31, event_id: eventId });
const lines = (...rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const nameless = { title: 'A pin without unique_id' };
const missing = 'unique_id: Invalid input: expected string, received undefined. See /openapi.json.';

const errorAt = (position: number, { reason, message }: RowProblem) => ({ position, reason, message: `${message}.`, retriable: false });
const exchanges: ShownExchanges = {
  'one-pin': {
    summary: 'One pin, with ?kind=pin',
    body: pin,
    status: 200,
    answer: { received: 1, accepted: 1, rejected: 0, errors: [], receipts: [receipt(0, 'pin')] },
  },
  'mixed-kinds': {
    summary: 'Rows of several kinds, each with a field kind',
    body: [
      { kind: 'pin', ...pin },
      { kind: 'geo', ...geo },
      { kind: 'user', ...user },
    ],
    status: 200,
    answer: { received: 3, accepted: 3, rejected: 0, errors: [], receipts: [receipt(0, 'pin'), receipt(1, 'geo'), receipt(2, 'user')] },
  },
  lines: {
    summary: 'NDJSON, with ?kind=geo',
    body: lines(geo, { ...geo, ind: 2863 }),
    status: 200,
    answer: { received: 2, accepted: 2, rejected: 0, errors: [], receipts: [receipt(0, 'geo'), receipt(1, 'geo')] },
  },
  'without-receipts': {
    summary: 'With ?kind=pin&receipts=none',
    body: [pin],
    status: 200,
    answer: { received: 1, accepted: 1, rejected: 0, errors: [] },
  },
  'not-waited-for': {
    summary: 'With ?ack=none',
    body: { kind: 'user', ...user },
    status: 202,
    answer: { received: 1, accepted: 1, rejected: 0, errors: [], receipts: [{ position: 0, kind: 'user', event_id: eventId }] },
  },
  'one-of-two-is-bad': {
    summary: 'A good row and a bad one',
    body: [
      { kind: 'pin', ...pin },
      { kind: 'pin', ...nameless },
    ],
    status: 207,
    answer: {
      received: 2,
      accepted: 1,
      rejected: 1,
      errors: [{ position: 1, reason: 'missing_key', message: missing, retriable: false }],
      receipts: [receipt(0, 'pin')],
    },
  },
  'a-bad-line': {
    summary: 'A good line and one that is no JSON',
    body: `${lines({ kind: 'pin', ...pin })}{"kind":\n`,
    status: 207,
    answer: {
      received: 2,
      accepted: 1,
      rejected: 1,
      errors: [
        {
          position: 1,
          line: 2,
          reason: 'malformed_json',
          message: 'The row is no JSON: Expecting value at character 8.',
          retriable: false,
        },
      ],
      receipts: [receipt(0, 'pin')],
    },
  },
  'rows-without-a-kind': {
    summary: 'A good row, one that names no kind, and one that names an unknown kind',
    body: [{ kind: 'pin', ...pin }, pin, { kind: 'like', ...pin }],
    status: 207,
    answer: {
      received: 3,
      accepted: 1,
      rejected: 2,
      errors: [errorAt(1, noKindOfRow), errorAt(2, unknownKindOfRow)],
      receipts: [receipt(0, 'pin')],
    },
  },
  'rows-of-another-kind': {
    summary: 'With ?kind=geo, a row that names another kind',
    body: [geo, { kind: 'pin', ...pin }],
    status: 207,
    answer: { received: 2, accepted: 1, rejected: 1, errors: [errorAt(1, otherKindOfRow('geo'))], receipts: [receipt(0, 'geo')] },
  },
  'no-rows': { summary: 'An empty array', body: [], status: 422, answer: JSON.parse(String(answerProblem(noRows).body)) },
  'all-bad': {
    summary: 'No row is good',
    body: [{ kind: 'pin', ...nameless }],
    status: 422,
    answer: {
      received: 1,
      accepted: 0,
      rejected: 1,
      errors: [{ position: 0, reason: 'missing_key', message: missing, retriable: false }],
      receipts: [],
    },
  },
};

/** The way of modern clients: many events a request. */
export function describeEventsRoute(door: Pick<Door, 'limits'>): Json {
  const route = makeEventsRoute(door);
  const row = { anyOf: kinds.map((kind) => schemaOf(rowSchemas[kind])) };
  const body = Object.fromEntries(
    [...route.limits.types].map((type) => [
      type,
      type === 'application/json'
        ? { anyOf: [...row.anyOf, { type: 'array', items: row }] }
        : { type: 'string', description: 'One JSON object a line.' },
    ]),
  );
  return {
    '/events': {
      post: describeEvents({
        operationId: 'sendEvents',
        tags: ['Events'],
        summary: 'Send one event or many',
        description: `An object, an array of objects, or NDJSON; rows of one kind with \`?kind=\`, or of the kinds that their field \`kind\` names. The body may be compressed (\`Content-Encoding\`: ${[...(route.limits.encodings ?? [])].join(', ')}). Each row stands for itself: the good ones of a mixed request are kept, and the answer has one entry for each of the others. A request has at most ${rowsMax.toLocaleString('en-US')} rows and ${door.limits.requestBytesMax} bytes, as sent and as decoded; a row has at most ${door.limits.eventBytesMax} bytes.`,
        route,
        parameters: [
          queryParameter('kind', 'Kind of all rows; else each has a field `kind`.', {
            'one-pin': 'pin',
            lines: 'geo',
            'rows-of-another-kind': 'geo',
            'without-receipts': 'pin',
            'no-kind': 'like',
          }),
          queryParameter('receipts', '`none` leaves the receipts out of the answer.', {
            'one-pin': 'all',
            'without-receipts': 'none',
            'other-receipts': 'some',
          }),
        ],
        body,
        taken: {
          description: 'Every row is taken; Kafka has them. The header Pinflow-Receipt is there where it was one.',
          schema: schemaOf(eventsAnswer),
          receipt: true,
          statuses: [200, 202, 207],
        },
        errors: 'Problem',
        also: { 422: schemaOf(eventsAnswer) },
        refusals: {
          'no-kind': unknownKindOfAll,
          'other-receipts': unknownReceipts,
          'too-many-rows': tooManyRows(rowsMax),
          malformed: malformedRows(endInArray()),
        },
        exchanges,
      }),
    },
  };
}

/** What is found where an array does not end. */
function endInArray(): SplitProblem {
  const splitter = makeJsonSplitter(1, () => false);
  splitter.write(Buffer.from('['));
  return splitter.end()!;
}
