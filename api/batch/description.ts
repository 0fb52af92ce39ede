import { postgresUnreachable } from '#adapters/postgres-failure.ts';
import { describeOperation } from '#api/describe/describe-operation.ts';
import { queryParameter } from '#api/describe/parameters.ts';
import { bodyRefusals } from '#api/describe/refusals.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { reference, schemaOf } from '#api/openapi/json-schema.ts';
import { ledgerAway, listLimits, refuseAbandon, refuseRetry, unknownLimit, unknownState } from '#api/batch/refusals.ts';
import { abandonShape, bodyLimits, retryShape } from '#api/batch/routes.ts';
import { Failure } from '#domain/failures.ts';
import { abandonWish } from '#domain/lake/abandon-wish.ts';
import { intervalStates } from '#domain/lake/interval-state.ts';
import { mustBeStart, retryWish } from '#domain/lake/retry-wish.ts';
import { whyExample } from '#domain/lake/why-example.ts';
import { nothingIsPending, somebodyIsAtWork } from '#interventions/abandon.ts';

const tags = ['Operations'];
const time: Json = { type: 'string', format: 'date-time' };
const count: Json = { type: ['integer', 'null'] };
const nullable = { type: ['string', 'null'] };

const interval: Json = {
  type: 'object',
  required: ['start', 'end', 'state', 'nextTry', 'failures', 'attempts', 'problem', 'records', 'generation', 'updatedAt', 'lastRetry'],
  properties: {
    start: time,
    end: time,
    state: { enum: [...intervalStates] },
    nextTry: { ...nullable, format: 'date-time', description: 'Of an interval that backs off or waits: when it is tried again by itself.' },
    failures: { type: 'integer', description: 'Runs in a row that failed or found landing behind.' },
    attempts: { type: 'integer', description: 'Those of them that count towards being held: not what lies outside the data and the code.' },
    problem: nullable,
    records: count,
    generation: count,
    updatedAt: time,
    lastRetry: {
      type: ['object', 'null'],
      description: 'Who asked last for it to be tried again.',
      required: ['at', 'by', 'reason'],
      properties: { at: time, by: { type: 'string' }, reason: nullable },
    },
  },
};

const retried: Json = {
  type: 'object',
  required: ['dryRun', 'started', 'intervals'],
  properties: {
    dryRun: { type: 'boolean' },
    started: { type: 'boolean', description: 'Whether their runs start now; else the next tick of the schedule starts them.' },
    intervals: {
      type: 'array',
      items: {
        type: 'object',
        required: ['start', 'end', 'from', 'problem'],
        properties: { start: time, end: time, from: { enum: [...intervalStates], description: 'The state it was in.' }, problem: nullable },
      },
    },
  },
};

const abandoned: Json = {
  type: 'object',
  required: ['dryRun', 'run', 'cause', 'interval', 'pendingSince', 'tries', 'problem', 'why', 'by', 'tables', 'generation'],
  properties: {
    dryRun: { type: 'boolean' },
    run: { type: 'string' },
    cause: { enum: ['interval', 'marts'] },
    interval: { ...nullable, format: 'date-time', description: 'Start of the interval that it was of, which runs anew.' },
    pendingSince: time,
    tries: { type: 'integer', description: 'Tries to finish it that failed.' },
    problem: { ...nullable, description: 'What the last one said.' },
    why: { type: 'string' },
    by: { type: 'string' },
    tables: {
      type: 'array',
      items: {
        type: 'object',
        required: ['table', 'committed', 'notPutBack', 'columnsNotPutBack'],
        properties: {
          table: { type: 'string' },
          committed: { ...count, description: 'Version of its commit, which is put back.' },
          notPutBack: {
            type: 'array',
            items: { type: 'string' },
            description: 'Files that it removed and that are not back, because the log that describes them cannot be read.',
          },
          columnsNotPutBack: {
            type: 'boolean',
            description: 'Whether its columns stay, because the log that tells those of before cannot be read.',
          },
        },
      },
    },
    generation: { ...count, description: 'In which the tables are as they were before.' },
  },
};

/** The ledger of intervals: to look at, and to let go what is held. */
export function describeBatch(): Json {
  return {
    '/api/batch/intervals': describeList(),
    '/api/batch/abandon': describeAbandon(),
    '/api/batch/retry': describeRetry(),
  };
}

/** To look at them. */
function describeList(): Json {
  return {
    get: describeOperation({
      operationId: 'listIntervals',
      tags,
      summary: 'The intervals of the batch, newest first',
      scope: 'read',
      parameters: [
        queryParameter('state', `Only those in this state: ${intervalStates.join(', ')}; \`open\` is all but complete.`, {
          bounded: 'open',
          'no-state': 'broken',
        }),
        queryParameter(
          'limit',
          `So many at most, ${listLimits.max.toLocaleString('en-US')} at the utmost. Default: ${listLimits.default}.`,
          {
            'no-limit': 'all',
          },
        ),
      ],
      answers: {
        200: {
          description: 'The intervals.',
          schema: { type: 'object', required: ['intervals'], properties: { intervals: { type: 'array', items: interval } } },
        },
      },
      refusals: { 'no-state': unknownState, 'no-limit': unknownLimit, 'ledger-away': ledgerAway(postgresUnreachable('ECONNREFUSED')) },
    }),
  };
}

/** To let the pending publish go. */
function describeAbandon(): Json {
  return {
    post: describeOperation({
      operationId: 'abandonPublish',
      tags,
      summary: 'Let a publish go that cannot be finished',
      description:
        'All later publishes wait for one that is pending; the status names it. Its tables are put back as they were, its run publishes nothing any more, and its interval runs anew.',
      scope: 'operate',
      body: schemaOf(abandonWish),
      answers: { 200: { description: 'What was let go.', schema: abandoned } },
      meanings: { 409: 'It is being finished, or let go, at this moment.' },
      refusals: {
        'under-way': refuseAbandon(new Failure('conflict', somebodyIsAtWork)),
        ...bodyRefusals(bodyLimits),
      },
      also: { 404: reference('schemas', 'Detail'), 422: reference('schemas', 'Detail') },
      exchanges: {
        nothing: {
          summary: 'Where nothing is pending',
          body: { why: whyExample },
          status: 404,
          answer: { detail: nothingIsPending },
        },
        'no-reason': {
          summary: 'Without a reason',
          body: { why: '' },
          status: 422,
          answer: { detail: `why: must say why; ${abandonShape}` },
        },
      },
    }),
  };
}

/** To let go what is held. */
function describeRetry(): Json {
  return {
    post: describeOperation({
      operationId: 'retryIntervals',
      tags,
      summary: 'Try intervals again',
      description:
        'Makes intervals that are held, back off or wait ready to run, with failures counted anew. Where one of those named is unknown or busy, nothing changes.',
      scope: 'operate',
      body: schemaOf(retryWish),
      answers: { 200: { description: 'The intervals that are ready now.', schema: retried } },
      meanings: { 409: 'One of the intervals is busy, so that none is tried again.' },
      refusals: {
        busy: refuseRetry({ unknown: [], busy: [{ start: '2026-01-31T12:00:00Z', state: 'running' }] })!,
        'ledger-away': ledgerAway(postgresUnreachable('ECONNREFUSED')),
        ...bodyRefusals(bodyLimits),
      },
      also: { 404: reference('schemas', 'Detail'), 422: reference('schemas', 'Detail') },
      exchanges: {
        held: {
          summary: 'All that are held',
          body: { held: true, reason: 'the keys are right again' },
          status: 200,
          answer: { dryRun: false, started: false, intervals: [] },
        },
        unknown: {
          summary: 'An interval that is not there',
          body: { intervals: ['2001-01-31T12:00:00Z'] },
          status: 404,
          answer: {
            detail: refuseRetry({ unknown: ['2001-01-31T12:00:00Z'], busy: [] })!.message,
          },
        },
        'no-time': {
          summary: 'Something that is no time',
          body: { intervals: ['yesterday'] },
          status: 422,
          answer: {
            detail: `intervals: ${mustBeStart}; ${retryShape}`,
          },
        },
      },
    }),
  };
}
