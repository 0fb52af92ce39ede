import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Statements } from '#adapters/postgres.ts';
import { answerJson } from '#api/answers/answer.ts';
import { queryOf } from '#api/door/query.ts';
import { noPlace } from '#api/follow/refusals.ts';
import type { MakeOperation } from '#api/operations/operation.ts';
import { unlessAway } from '#api/operations/unless-away.ts';
import { noKind } from '#api/operations/since.ts';
import type { EventSample } from '#domain/answers/sample.ts';
import { exampleKind, kinds } from '#domain/kinds/list.ts';
import { exampleRows } from '#domain/kinds/samples.ts';
import type { Names } from '#domain/names.ts';
import { followRecord } from '#questions/follow-record.ts';

/** `GET /api/follow/sample`: an event of the example kind with an identity of its own, as a client would post it. */
export function makeSampleHandler(makeOperation: MakeOperation): RequestHandler {
  return makeOperation({
    name: 'follow_sample',
    scope: 'read',
    answer() {
      const { name, identity } = exampleKind;
      const sample: EventSample = {
        kind: name,
        path: '/pin/',
        event: { ...exampleRows[name], [identity]: randomUUID() },
      };
      return answerJson(200, JSON.stringify(sample));
    },
  });
}

/** `GET /api/follow?kind=&partition=&offset=`: how far the record of a receipt has come. */
export function makeFollowHandler(
  makeOperation: MakeOperation,
  { postgres, names }: { postgres: Pick<Statements, 'query'>; names: Names },
): RequestHandler {
  return makeOperation({
    name: 'follow',
    scope: 'read',
    async answer(req) {
      const query = queryOf(req);
      const kind = kinds.find((one) => one === query.get('kind'));
      const partition = countOf(query.get('partition'));
      const offset = countOf(query.get('offset'));
      if (partition === undefined || offset === undefined) return noPlace;
      if (kind === undefined) return noKind;
      return unlessAway(async () =>
        answerJson(200, JSON.stringify(await followRecord(postgres, { topic: names.topicOf(kind), partition }, offset))),
      );
    },
  });
}

function countOf(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
