import { describeOperation } from '#api/describe/describe-operation.ts';
import { pathParameter } from '#api/describe/parameters.ts';
import { describeLive } from '#api/live/description.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { reference } from '#api/openapi/json-schema.ts';

const time: Json = { type: 'string', format: 'date-time' };
const list: Json = { type: 'array', items: { type: 'object' } };
const html = { description: 'The page.', type: 'text/html', headers: [] };

const view = { tags: ['Page'], summary: 'The page, at one of its views', scope: 'open' as const, answers: { 200: html } };
const viewParameter = pathParameter('view', 'The view.', { any: 'offsets' });

/** The page, and what it draws of the pipeline as a whole. */
export function describePage(): Json {
  const file = (operationId: string, summary: string, type: string, parameters: readonly Json[] = []): Json => ({
    get: describeOperation({
      operationId,
      tags: ['Page'],
      summary,
      scope: 'open',
      parameters,
      answers: { 200: { description: 'The file.', type, headers: [] } },
      also: { 404: reference('schemas', 'Detail') },
    }),
  });
  return {
    '/': { get: describeOperation({ operationId: 'page', tags: ['Page'], summary: 'The page', scope: 'open', answers: { 200: html } }) },
    '/view/{view}': { get: describeOperation({ ...view, operationId: 'pageView', parameters: [viewParameter] }) },
    '/view/{view}/{shown}': {
      get: describeOperation({
        ...view,
        operationId: 'pageViewOf',
        parameters: [viewParameter, pathParameter('shown', 'What the view shows.', { any: '2026-01-31T12:00:00Z' })],
      }),
    },
    '/assets/{file}': file('pageFile', 'A file of the page', 'text/javascript', [pathParameter('file', 'Its name.', { any: 'index.js' })]),
    '/icon.svg': file('pageIcon', 'The icon of the page', 'image/svg+xml'),
    ...describeLive({
      path: '/api/flow',
      operationId: 'flow',
      summary: 'What flows',
      description: 'Stations, and between them what passes a second and whether what went in came out.',
      schema: {
        type: 'object',
        required: ['at', 'stations', 'edges', 'problems'],
        properties: { at: time, stations: list, edges: list, problems: { type: ['array', 'null'] } },
      },
    }),
    ...describeLive({
      path: '/api/offsets',
      operationId: 'offsets',
      summary: 'How far everybody has come in each partition',
      description:
        'Next offsets of log, landing, stream and last cut. Below `deletedSoon` are records of the last fifth of the topic’s retention.',
      schema: { type: 'object', required: ['at', 'partitions'], properties: { at: time, partitions: list } },
    }),
    ...describeLive({
      path: '/api/stream',
      operationId: 'streamSlots',
      summary: 'The readers, slot by slot',
      description: 'Lag, rate and owner of each slot of streaming and landing.',
      schema: { type: 'object', required: ['at', 'readers'], properties: { at: time, readers: list } },
    }),
  };
}
