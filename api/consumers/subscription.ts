import { createHash } from 'node:crypto';
import type { Names } from '#domain/names.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { LogRecord } from '#domain/terms.ts';
import { headerNames } from '#domain/terms.ts';
import { apiSource } from '#api/door/event-headers.ts';
import { parseTopicName } from '#domain/door/topic-name.ts';

/** A record under the name that the client subscribed to. */
export type ConsumedRecord = { topic: string; record: LogRecord };

export type Subscription = {
  /** Equal where the same records are selected, whatever the order and spelling of the names. */
  id: string;
  /** As the client wrote them. */
  topics: readonly string[];
  /** Topics in Kafka. */
  kafkaTopics: readonly string[];
  /** The record under the client's name; undefined where it is somebody else's. */
  select(record: LogRecord): ConsumedRecord | undefined;
};

/**
 * What a client means by names of topics: `x.pin` are the pins of the source `x`, the events that were posted to `x.pin`;
 * a bare kind (`pin`), or the topic's name in Kafka, are all of the kind. A name that tells no kind comes back as it is.
 */
export function makeSubscription(topics: readonly string[], names: Names, kindByName: ReadonlyMap<string, Kind>): Subscription | string {
  const bySource = new Map<string, string>();
  const byKind = new Map<string, string>();
  const kafkaTopics = new Set<string>();
  for (const topic of topics) {
    const place = placeOf(topic, names, kindByName);
    if (place === undefined) return topic;
    kafkaTopics.add(place.kafkaTopic);
    if (place.source === undefined) byKind.set(place.kafkaTopic, topic);
    else bySource.set(`${place.kafkaTopic} ${place.source}`, topic);
  }
  return {
    id: idOf([...bySource.keys(), ...byKind.keys()]),
    topics,
    kafkaTopics: [...kafkaTopics],
    select(record) {
      const source = record.headers.find(([name]) => name === headerNames.source)?.[1].toString() ?? apiSource;
      const topic = bySource.get(`${record.topic} ${source}`) ?? byKind.get(record.topic);
      return topic === undefined ? undefined : { topic, record };
    },
  };
}

function idOf(places: readonly string[]): string {
  return createHash('sha256').update(places.toSorted().join('\n')).digest('hex').slice(0, 32);
}

/** Where the events of a client's topic are. */
export function placeOf(
  topic: string,
  names: Names,
  kindByName: ReadonlyMap<string, Kind>,
): { kafkaTopic: string; source: string | undefined } | undefined {
  if (names.kindOfTopic(topic) !== undefined) return { kafkaTopic: topic, source: undefined };
  const name = parseTopicName(topic, kindByName);
  if (name === undefined) return undefined;
  return { kafkaTopic: names.topicOf(name.kind), source: name.source === '' ? undefined : name.source };
}
