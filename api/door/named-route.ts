import type { Request } from 'express';
import type { Refusal } from '#api/answers/refusal.ts';
import { unknownKind } from '#api/answers/refusal.ts';
import type { Door } from '#api/door/door.ts';
import type { EventRoute, Intake } from '#api/door/event-route.ts';
import { makeWholeBodyReader, wholeBodyBytesMax } from '#api/door/event-route.ts';
import type { TopicName } from '#domain/door/topic-name.ts';
import { parseTopicName } from '#domain/door/topic-name.ts';

/** What routes share whose path parameter `name` tells kind and source, and whose body is read as a whole. `what` is named in a 404. */
export function makeNamedRoute(
  what: 'Topic' | 'Stream',
  { limits, kindByName }: Pick<Door, 'limits' | 'kindByName'>,
  types: ReadonlySet<string>,
  read: (name: TopicName, body: Buffer, eventBytesMax: number) => Intake | Refusal,
): Pick<EventRoute, 'limits' | 'open' | 'sourceOf' | 'kindOf'> {
  const nameOf = (req: Request): TopicName | undefined => parseTopicName(String(req.params['name']), kindByName);
  return {
    limits: { bytesMax: Math.max(wholeBodyBytesMax, limits.eventBytesMax), types },
    open(req) {
      const name = nameOf(req);
      return name === undefined ? unknownKind(what, kindByName) : makeWholeBodyReader((body) => read(name, body, limits.eventBytesMax));
    },
    sourceOf: (req) => nameOf(req)?.source ?? '',
    kindOf: (req) => nameOf(req)?.kind ?? '',
  };
}
