import { answerJson } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal, refusalOfIssues } from '#api/answers/refusal.ts';
import { explainPin, readFastapiBody } from '#api/dialects/fastapi-errors.ts';
import { answerDetail, jsonTypes } from '#api/dialects/fastapi.ts';
import type { Door } from '#api/door/door.ts';
import { apiSource } from '#api/door/event-headers.ts';
import type { EventRoute, Intake } from '#api/door/event-route.ts';
import { makeWholeBodyReader } from '#api/door/event-route.ts';
import { receiptHeader } from '#api/door/receipt.ts';
import { noRejectedRows } from '#api/door/rejected-rows.ts';
import { pinItem } from '#domain/kinds/pin/schema.ts';

/**
 * `POST /pin/` (FastAPI's dialect, that of the first clients): one pin, echoed after the broker's ack. The hot route: no
 * middleware before it, the body is parsed once, and the client's own bytes go to Kafka and back.
 */
export function makePinRoute({ limits }: Pick<Door, 'limits'>): EventRoute {
  return {
    name: 'pin',
    limits: { bytesMax: limits.eventBytesMax, types: jsonTypes },
    open: () => makeWholeBodyReader(readPin),
    kindOf: () => 'pin',
    refuse: answerDetail,
  };
}

function readPin(body: Buffer): Intake | Refusal {
  const read = readFastapiBody(body);
  if (isRefusal(read)) return read;
  const checked = pinItem.safeParse(read.row);
  if (!checked.success) return { ...refusalOfIssues(checked.error.issues), detail: explainPin(checked.error.issues, read.row, body) };
  return {
    events: [{ kind: 'pin', source: apiSource, key: Buffer.from(checked.data.unique_id), value: body }],
    rejected: noRejectedRows,
    answer: (outcomes, [eventId = '']) => answerJson(200, body, receiptHeader('pin', outcomes?.[0], eventId)),
  };
}
