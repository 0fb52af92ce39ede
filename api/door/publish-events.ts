import type { Outcome, RecordToPublish } from '#adapters/kafka/producer.ts';
import type { Door } from '#api/door/door.ts';
import { deriveEventId } from '#api/door/event-headers.ts';
import type { EventToTake } from '#api/door/event-route.ts';
import { Failure } from '#domain/failures.ts';

/**
 * Events that go to the publisher at once. A larger request goes in slices of this many, two at a time, so that it
 * neither fills the door's bound alone nor keeps single events waiting behind it.
 */
const sliceEvents = 1_000;

type Publication = { eventIds: string[]; outcomes: Failure | Promise<readonly Outcome[]> };

/** A failure where nothing was sent; outcomes in the order of the events otherwise. */
export type PublishEvents = (events: readonly EventToTake[], keyId: string, firstId: string) => Publication;

/** Makes the step that turns events into records and has Kafka take them. */
export function makePublishEvents(door: Pick<Door, 'publisher' | 'names' | 'makeHeaders'>): PublishEvents {
  function toRecord({ kind, source, key, value }: EventToTake, keyId: string, eventId: string): RecordToPublish {
    return { topic: door.names.topicOf(kind), key, value, headers: door.makeHeaders(kind, source, keyId, eventId) };
  }

  return (events, keyId, firstId) => {
    const eventIds = events.map((_, position) => deriveEventId(firstId, position));
    const slice = (from: number): Failure | Promise<readonly Outcome[]> =>
      door.publisher.publish(events.slice(from, from + sliceEvents).map((event, i) => toRecord(event, keyId, eventIds[from + i]!)));
    const first = slice(0);
    if (first instanceof Failure || events.length <= sliceEvents) return { eventIds, outcomes: first };
    return { eventIds, outcomes: publishRest(first, events.length, slice) };
  };
}

async function publishRest(
  first: Promise<readonly Outcome[]>,
  count: number,
  slice: (from: number) => Failure | Promise<readonly Outcome[]>,
): Promise<readonly Outcome[]> {
  const all: Outcome[] = [];
  let ahead: Promise<readonly Outcome[]> = first;
  for (let from = sliceEvents; from < count; from += sliceEvents) {
    const next = slice(from);
    all.push(...(await ahead));
    if (next instanceof Failure) {
      // What was not sent is told so; nothing after it is tried, so that the order of the client's rows stays.
      while (all.length < count) all.push(next);
      return all;
    }
    ahead = next;
  }
  all.push(...(await ahead));
  return all;
}
