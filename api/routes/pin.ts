import type { NextFunction } from 'express';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerDetail, answerText, headersOfStatus, statusOfRefusal } from '#api/door/answer.ts';
import { collectBody } from '#api/door/collect-body.ts';
import type { Door } from '#api/door/door.ts';
import { apiSource } from '#api/door/event-headers.ts';
import { emptyBodyErrors, explainBody, explainPin } from '#api/routes/fastapi-errors.ts';
import { readBody } from '#domain/door/read-event.ts';
import { pinItem } from '#domain/schemas/pin.ts';

const jsonTypes: ReadonlySet<string> = new Set(['application/json']);

/**
 * `POST /pin/`: one pin, echoed after the broker's ack. The hot route: no middleware before it, the body is parsed
 * once, and the client's own bytes go to Kafka and back.
 */
export function makePinRoute(door: Door): (req: IncomingMessage, res: ServerResponse, next: NextFunction) => void {
  const topic = door.names.topicOf('pin');

  function refuse(res: ServerResponse, status: number, detail: unknown, headers: Record<string, string> = {}): void {
    door.metrics.countAnswer('pin', status);
    answerDetail(res, status, detail, headers);
  }

  function take(res: ServerResponse, body: Buffer): void {
    if (body.length === 0) return refuse(res, 422, emptyBodyErrors);
    const read = readBody(body);
    if (!read.ok)
      return read.problem.reason === 'invalid_utf8' ? refuse(res, 400, read.problem.message) : refuse(res, 422, explainBody(read.problem));
    const checked = pinItem.safeParse(read.row);
    if (!checked.success) return refuse(res, 422, explainPin(checked.error.issues, read.row));
    door.publisher
      .publish({ topic, key: Buffer.from(checked.data.unique_id), value: body, headers: door.makeHeaders('pin', apiSource) })
      .then(
        () => {
          door.metrics.countAnswer('pin', 200);
          answerText(res, 200, body);
        },
        (error: unknown) => {
          const status = statusOfRefusal(error);
          if (status === 500) door.log.error('a pin could not be published', { error });
          refuse(res, status, status === 500 ? 'Internal Server Error' : (error as Error).message, headersOfStatus(status));
        },
      );
  }

  const limits = { bytesMax: door.limits.eventBytesMax, types: jsonTypes };
  return (req, res, next) => {
    collectBody(req, next, limits, (refusal, body, closeAfter) => {
      if (refusal === undefined) take(res, body);
      else refuse(res, refusal.status, refusal.message, closeAfter ? { Connection: 'close' } : {});
    });
  };
}
