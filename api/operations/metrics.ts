import type { RequestHandler } from 'express';
import { answerJson } from '#api/answers/answer.ts';
import type { DoorMetrics } from '#api/door/metrics.ts';
import type { MakeOperation } from '#api/operations/operation.ts';

/** `GET /metrics` in the Prometheus text format. */
export function makeMetricsHandler(makeOperation: MakeOperation, metrics: Pick<DoorMetrics, 'contentType' | 'text'>): RequestHandler {
  return makeOperation({
    name: 'metrics',
    scope: 'read',
    answer: async () => answerJson(200, await metrics.text(), { 'Content-Type': metrics.contentType }),
  });
}
