import type { RequestHandler } from 'express';
import { answerJson } from '#api/answers/answer.ts';
import type { DoorTelemetry } from '#api/door/telemetry.ts';
import type { MakeOperation } from '#api/operations/operation.ts';

/** `GET /metrics` in the Prometheus text format. */
export function makeTelemetryHandler(makeOperation: MakeOperation, telemetry: Pick<DoorTelemetry, 'contentType' | 'text'>): RequestHandler {
  return makeOperation({
    name: 'metrics',
    scope: 'read',
    answer: async () => answerJson(200, await telemetry.text(), { 'Content-Type': telemetry.contentType }),
  });
}
