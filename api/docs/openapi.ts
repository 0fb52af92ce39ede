import { headerBytesMax } from '#api/answers/answer-unreadable.ts';
import { describeConsumers } from '#api/consumers/description.ts';
import { components } from '#api/docs/components.ts';
import { describeDocs } from '#api/docs/description.ts';
import type { Door } from '#api/door/door.ts';
import { describeEventsRoute } from '#api/events/description.ts';
import { describeKeys } from '#api/keys/description.ts';
import { describePage } from '#api/page/description.ts';
import { describeIntervals } from '#api/intervals/description.ts';
import { describeMetrics } from '#api/metrics/description.ts';
import { describeFollow } from '#api/follow/description.ts';
import { describeSteering } from '#api/readers/description.ts';
import { describeSql } from '#api/sql/description.ts';
import { describeLogin } from '#api/login/description.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { describeBatch } from '#api/batch/description.ts';
import { describeRefusals } from '#api/refused/description.ts';
import { describeStatus } from '#api/status/description.ts';
import { describeTail } from '#api/tail/description.ts';
import { describePin } from '#api/pin/description.ts';
import { describeSendGetData } from '#api/send-get-data/description.ts';
import { describeStreams } from '#api/streams/description.ts';
import { describeTopics } from '#api/topics/description.ts';
import { kinds } from '#domain/kinds/list.ts';
import { listed } from '#domain/listed.ts';

const description = `The door for events: rows of the kinds ${listed(kinds)}.

A request that brings events is answered with 200 only after Kafka has them; 503 says that nothing was sent, 504 that the event may exist. Sending an event again does no harm: what counts is its identity.

Where keys are on, show one as \`Authorization: Bearer\` or \`x-api-key\`. A path that is not here is answered with 404, another method of a path with 405 and \`Allow\`, a target or a message that is no HTTP with 400, headers of more than ${headerBytesMax / 1_024} KiB with 431, a request that takes too long to arrive with 408; all as JSON, of paths below \`/topics\`, \`/consumers\` and \`/streams\` in the shape of their clients.`;

/** The OpenAPI 3.1 document of a door, made of the schemas that validate and the words that the routes answer with. */
export function makeOpenApi(door: Pick<Door, 'limits' | 'kindByName'>): Json {
  return {
    openapi: '3.1.0',
    info: { title: 'Pinflow', version: '0.1.0', description, license: { name: 'Apache 2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    tags: [
      { name: 'Events', description: 'Ways to send events, one for each generation of clients.' },
      { name: 'Reading', description: 'Ways to look at what was sent.' },
      { name: 'Page', description: 'What the page at / draws; for pages of your own, too.' },
      { name: 'Keys', description: 'Who may do what.' },
      { name: 'Operations', description: 'For those who run the door.' },
    ],
    paths: {
      ...describePin(door),
      ...describeEventsRoute(door),
      ...describeTopics(door),
      ...describeStreams(door),
      ...describeConsumers(door),
      ...describeSendGetData(door),
      ...describeTail(),
      ...describeRefusals(),
      ...describeBatch(),
      ...describeKeys(),
      ...describeLogin(),
      ...describeStatus(),
      ...describeDocs(),
      ...describePage(),
      ...describeIntervals(),
      ...describeMetrics(),
      ...describeFollow(),
      ...describeSteering(),
      ...describeSql(),
    },
    components,
  };
}
