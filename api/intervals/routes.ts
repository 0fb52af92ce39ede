import type { RequestHandler } from 'express';
import { answerJson } from '#api/answers/answer.ts';
import { unknownHour } from '#api/intervals/refusals.ts';
import type { MakeOperation } from '#api/operations/operation.ts';
import { unlessAway } from '#api/operations/unless-away.ts';
import type { CalendarDependencies } from '#questions/intervals/calendar.ts';
import { readHour } from '#questions/intervals/hour.ts';

/** `GET /api/intervals/<hour>`: the intervals that begin in an hour, with what their runs read and wrote. */
export function makeHourHandler(makeOperation: MakeOperation, dependencies: CalendarDependencies): RequestHandler {
  return makeOperation({
    name: 'intervals_hour',
    scope: 'read',
    async answer({ params }) {
      const hour = String(params['hour']);
      if (!/^\d{4}-\d\d-\d\dT\d\d:00:00Z$/.test(hour) || Number.isNaN(Date.parse(hour))) return unknownHour;
      return unlessAway(async () => answerJson(200, JSON.stringify(await readHour(dependencies, Date.parse(hour)))));
    },
  });
}
