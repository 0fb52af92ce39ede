import type { Request } from 'express';
import type { Outcome } from '#adapters/kafka/producer.ts';
import { answerJson } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal, refusalOfIssues, unknownKind } from '#api/answers/refusal.ts';
import { explainRow, readFastapiBody } from '#api/dialects/fastapi-errors.ts';
import { answerDetail, jsonTypes } from '#api/dialects/fastapi.ts';
import type { Door } from '#api/door/door.ts';
import type { EventRoute, Intake } from '#api/door/event-route.ts';
import { makeWholeBodyReader } from '#api/door/event-route.ts';
import { queryOf } from '#api/door/query.ts';
import { receiptHeader } from '#api/door/receipt.ts';
import { noRejectedRows } from '#api/door/rejected-rows.ts';
import { missingTopic } from '#api/send-get-data/refusals.ts';
import { keyText } from '#domain/kinds/row-key.ts';
import type { TopicName } from '#domain/door/topic-name.ts';
import { parseTopicName } from '#domain/door/topic-name.ts';
import { Failure } from '#domain/failures.ts';
import { rowSchemas } from '#domain/kinds/row-schemas.ts';
import type { SendDataAnswer } from '#domain/schemas/send-get-data.ts';

/** `POST /send_data?topic=<name>`: one row of any kind, which the topic's name tells. */
export function makeSendDataRoute({ limits, kindByName }: Pick<Door, 'limits' | 'kindByName'>): EventRoute {
  const nameOf = (topic: string | null): TopicName | undefined => parseTopicName(topic ?? '', kindByName);
  return {
    name: 'send_data',
    limits: { bytesMax: limits.eventBytesMax, types: jsonTypes },
    open(req) {
      const topic = topicParameter(req);
      if (topic === null) return missingTopic;
      const name = nameOf(topic);
      return name === undefined ? unknownKind('Topic', kindByName) : makeWholeBodyReader((body) => readRow(name, topic, body));
    },
    sourceOf: (req) => nameOf(topicParameter(req))?.source ?? '',
    kindOf: (req) => nameOf(topicParameter(req))?.kind ?? '',
    refuse: answerDetail,
  };
}

/** The query's topic; null where there is none. */
export function topicParameter(req: Request): string | null {
  return queryOf(req).get('topic');
}

function readRow({ kind, source }: TopicName, topic: string, body: Buffer): Intake | Refusal {
  const read = readFastapiBody(body);
  if (isRefusal(read)) return read;
  const checked = rowSchemas[kind].safeParse(read.row);
  if (!checked.success) return { ...refusalOfIssues(checked.error.issues), detail: explainRow(checked.error.issues, read.row, body) };
  return {
    events: [{ kind, source, key: Buffer.from(keyText(kind, read.row)), value: body }],
    rejected: noRejectedRows,
    answer: (outcomes, [eventId = '']) =>
      answerJson(200, JSON.stringify(placeOf(topic, outcomes?.[0])), receiptHeader(kind, outcomes?.[0], eventId)),
  };
}

function placeOf(topic: string, outcome: Outcome | undefined): SendDataAnswer {
  const place = outcome === undefined || outcome instanceof Failure ? undefined : outcome;
  return { status: 'success', topic, partition: place?.partition ?? null, offset: place?.offset ?? null };
}
