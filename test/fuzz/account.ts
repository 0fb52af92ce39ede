import assert from 'node:assert/strict';
import type { Kafka } from 'kafkajs';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { kindsOfNames, parseTopicName } from '#domain/door/topic-name.ts';
import type { Names } from '#domain/names.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { readRecords } from '../api/read-records.ts';
import type { RawAnswer } from './connection.ts';

type Taken = { kind: Kind; partition: number; offset: number; value: Buffer | undefined };

/** What the door said that it took, to be compared with the log. */
export type Account = {
  /** Notes an answer to a request; `content` is its body, decoded. */
  note(path: string, target: string, content: Buffer, answer: RawAnswer): void;
  /** Notes events whose places are not known. */
  add(events: number): void;
  /** Fails where the log has another number of records than were taken, or a taken one is not where the door said. */
  compare(kafka: Kafka, topics: KafkaTopics, names: Names): Promise<number>;
};

export function makeAccount(): Account {
  let events = 0;
  /** Sent, and nobody knows. */
  let unknown = 0;
  const taken: Taken[] = [];

  function place(kind: Kind, partition: number | null | undefined, offset: number | null | undefined, value?: Buffer): void {
    events += 1;
    if (typeof partition === 'number' && typeof offset === 'number') taken.push({ kind, partition, offset, value });
  }

  return {
    add(count) {
      events += count;
    },
    note(path, target, content, { status, headers, body: said }) {
      if (status === 504) unknown += 1;
      if (![200, 202, 207].includes(status) || headers.get('idempotency-replayed') === 'true') return;
      const receipt = /^kind=(\w+), (?:partition=(\d+), offset=(\d+), )?event-id=/.exec(headers.get('pinflow-receipt') ?? '');
      const kindOfPath = (): Kind => {
        const name = /\/(?:topics|streams)\/([^/?]+)/i.exec(target)?.[1] ?? '';
        return parseTopicName(decodeURIComponent(name), kindsOfNames([]))!.kind;
      };
      const answer = (): Record<string, unknown> => JSON.parse(said.toString()) as Record<string, unknown>;
      if (path === '/pin/' || path === '/send_data') {
        const [, kind, partition, offset] = receipt!;
        place(kind as Kind, partition === undefined ? null : Number(partition), offset === undefined ? null : Number(offset), content);
      } else if (path.includes('/topics/')) {
        for (const { partition, offset } of answer()['offsets'] as { partition: number | null; offset: number | null }[])
          place(kindOfPath(), partition, offset);
      } else if (path.includes('/streams/')) {
        const { Records: records = [answer()] } = answer() as { Records?: unknown[] };
        for (const { ShardId: shard, SequenceNumber: sequence } of records as { ShardId: string | null; SequenceNumber: string | null }[])
          place(kindOfPath(), shard === null ? null : Number(shard.slice(-12)), sequence === null ? null : Number(sequence));
      } else if (path === '/events') {
        const { accepted, receipts } = answer() as { accepted: number; receipts?: { kind: Kind; partition?: number; offset?: number }[] };
        for (const { kind, partition, offset } of receipts ?? []) place(kind, partition, offset);
        if (receipts === undefined) events += accepted;
        else assert.equal(receipts.length, accepted, 'one receipt for each accepted row');
      }
    },
    async compare(kafka, topics, names) {
      const records = (await Promise.all(names.topics.map((topic) => readRecords(kafka, topics, topic)))).flat();
      const byPlace = new Map(records.map((record) => [`${record.topic}/${record.partition}/${record.offset}`, record]));
      const places = new Set<string>();
      for (const { kind, partition, offset, value } of taken) {
        const at = `${names.topicOf(kind)}/${partition}/${offset}`;
        const record = byPlace.get(at);
        assert.ok(record !== undefined, `the door said that an event is at ${at}, and nothing is there`);
        assert.ok(!places.has(at), `the door said of two events that they are at ${at}`);
        places.add(at);
        if (value !== undefined) assert.ok(record.value?.equals(value), `the record at ${at} is not what was sent`);
      }
      assert.ok(
        records.length >= events && records.length <= events + unknown,
        `the log has ${records.length} records, the door took ${events}${unknown === 0 ? '' : ` and ${unknown} requests may have brought some`}`,
      );
      return records.length;
    },
  };
}
