import type { Admin, ITopicMetadata, Kafka } from 'kafkajs';
import kafkajs from 'kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import { noBrokerAnswers, toKafkaFailure } from '#adapters/kafka/client.ts';
import { hasLeaders, waitForLeaders } from '#adapters/kafka/topic-leaders.ts';
import { Failure } from '#domain/failures.ts';
import type { TopicPartition } from '#domain/terms.ts';

const { ConfigResourceTypes, KafkaJSAggregateError } = kafkajs;

/** Largest record batch a topic takes. The publisher's requests stay below half of it, so that no batch is ever refused for its size. */
export const topicMessageBytesMax = 4_194_304;

const TIMESTAMP_TYPE = 'message.timestamp.type';
const MESSAGE_BYTES = 'max.message.bytes';
const MIN_INSYNC = 'min.insync.replicas';
const minInsyncDefault = 2;
const CLEANUP_POLICY = 'cleanup.policy';
const RETENTION = 'retention.ms';
const electionTriesMax = 20;
const electionPauseMs = 50;

export type TopicsWanted = {
  topics: readonly string[];
  partitions: number;
  replicas: number;
  /** Least replicas in sync of a topic that has several; default 2. */
  minInsync?: number;
  /** Default: `topicMessageBytesMax`. */
  messageBytesMax?: number;
};

/** Half-open: records from `low` up to, not including, `high` are in the log. */
export type PartitionOffsets = { partition: number; low: number; high: number };
export type PartitionOffset = { partition: number; offset: number };

export type KafkaTopics = {
  /**
   * Creates the topics that are not there (LogAppendTime), checks those that are, and waits until every partition has
   * a leader. Safe to call from several processes at once.
   * @throws Failure `configuration` where an existing topic has another partition count or timestamp type, or several
   *   replicas of which too few must be in sync.
   */
  ensureTopics(wanted: TopicsWanted): Promise<void>;
  /** Log start and high watermark per partition, in partition order. */
  fetchOffsets(topic: string): Promise<PartitionOffsets[]>;
  /** First offset that the log of a partition still holds. */
  fetchLogStart(partition: TopicPartition): Promise<number>;
  /** Whether Kafka may drop records of the topic whose key came again. */
  isCompacted(topic: string): Promise<boolean>;
  /** How long Kafka keeps records of the topic; null where it is for ever, or where Kafka does not tell. */
  retentionMs(topic: string): Promise<number | null>;
  /**
   * Offset of the first record stamped at or after `timeMs` per partition; the high watermark where there is none.
   * Ask only for times that are past by a margin: the watermark is read before the look-up.
   */
  fetchOffsetsAtTime(topic: string, timeMs: number): Promise<PartitionOffset[]>;
  partitionCount(topic: string): Promise<number>;
  /** The topic's limit on a record batch. */
  messageBytesMax(topic: string): Promise<number>;
  /**
   * How many brokers answer, how many nodes (also such as are down) keep replicas of the topics, and which of the topics
   * lack a leader somewhere or are not there.
   */
  describe(topics: readonly string[]): Promise<{ brokers: number; replicaNodes: number; notReady: string[] }>;
  close(): Promise<void>;
};

/** Topic administration over one lazily connected, long-lived admin connection. */
export function makeKafkaTopics(kafka: Kafka): KafkaTopics {
  let connecting: Promise<Admin> | undefined;

  function connect(): Promise<Admin> {
    connecting ??= (async () => {
      const admin = kafka.admin();
      try {
        await admin.connect();
      } catch (error) {
        connecting = undefined;
        throw error;
      }
      return admin;
    })();
    return connecting;
  }

  function forget(stale: Promise<Admin> | undefined): void {
    // Another call may have connected afresh already.
    if (connecting === stale) connecting = undefined;
    // The connection is broken already; that closing it fails too says nothing new.
    void stale?.then((admin) => admin.disconnect()).catch(() => undefined);
  }

  async function ask<Result>(doing: string, work: (admin: Admin) => Promise<Result>, tries = 1): Promise<Result> {
    const reused = connecting !== undefined;
    const used = connect();
    try {
      return await work(await used);
    } catch (error) {
      if (error instanceof Failure) throw error;
      const failure = lostConnection(error, doing);
      if (!(failure instanceof Failure) || failure.kind !== 'unavailable') throw failure;
      // A topic that was made just now has its leader in the metadata a moment before the broker leads.
      if (isElecting(error) && tries < electionTriesMax) {
        await delay(electionPauseMs);
        return ask(doing, work, tries + 1);
      }
      // An idle admin connection dies with its broker, and kafkajs notices at the next request only: try once afresh.
      forget(used);
      if (!reused) throw failure;
      return ask(doing, work, tries);
    }
  }

  const describeTopics = async (admin: Admin, topics: readonly string[]): Promise<ITopicMetadata[]> => {
    const existing = new Set(await admin.listTopics());
    const there = topics.filter((topic) => existing.has(topic));
    return there.length === 0 ? [] : (await admin.fetchTopicMetadata({ topics: there })).topics;
  };

  const readConfigs = async (admin: Admin, topics: readonly string[]): Promise<Map<string, Map<string, string>>> => {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: topics.map((name) => ({
        type: ConfigResourceTypes.TOPIC,
        name,
        configNames: [TIMESTAMP_TYPE, MESSAGE_BYTES, MIN_INSYNC, CLEANUP_POLICY, RETENTION],
      })),
    });
    return new Map(
      resources.map((resource) => [
        resource.resourceName,
        new Map(resource.configEntries.map((entry) => [entry.configName, entry.configValue])),
      ]),
    );
  };

  const fetchOffsets = (topic: string): Promise<PartitionOffsets[]> =>
    ask(readingOffsetsOf(topic), async (admin) => {
      const rows = await admin.fetchTopicOffsets(topic);
      return rows.map((row) => ({ partition: row.partition, low: Number(row.low), high: Number(row.high) })).sort(byPartition);
    });

  return {
    ensureTopics: (wanted) =>
      ask('preparing topics', async (admin) => {
        const existing = new Set(await admin.listTopics());
        const absent = wanted.topics.filter((topic) => !existing.has(topic));
        if (absent.length > 0) await createTopics(admin, absent, wanted);
        const metadata = await waitForLeaders(() => describeTopics(admin, wanted.topics), wanted.topics);
        const configs = await readConfigs(admin, wanted.topics);
        const problems = metadata.flatMap((topic) => [...findProblems(topic, configs.get(topic.name), wanted)]);
        if (problems.length > 0) throw new Failure('configuration', `Kafka: ${problems.join('; ')}.`);
      }),

    fetchOffsets,

    fetchLogStart: async ({ topic, partition }) => {
      const found = (await fetchOffsets(topic)).find((one) => one.partition === partition);
      if (found === undefined) throw new Failure('unavailable', `Kafka no longer names partition ${partition} of ${topic}.`);
      return found.low;
    },

    isCompacted: (topic) =>
      ask(`reading settings of ${topic}`, async (admin) =>
        ((await readConfigs(admin, [topic])).get(topic)?.get(CLEANUP_POLICY) ?? '').includes('compact'),
      ),

    retentionMs: (topic) =>
      ask(`reading settings of ${topic}`, async (admin) => {
        const retentionMs = Number((await readConfigs(admin, [topic])).get(topic)?.get(RETENTION) ?? -1);
        return retentionMs < 0 ? null : retentionMs;
      }),

    fetchOffsetsAtTime: (topic, timeMs) =>
      ask(`reading offsets of ${topic} by time`, async (admin) => {
        const rows = await admin.fetchTopicOffsetsByTimestamp(topic, timeMs);
        return rows.map((row) => ({ partition: row.partition, offset: Number(row.offset) })).sort(byPartition);
      }),

    partitionCount: (topic) =>
      ask(`reading partitions of ${topic}`, async (admin) => {
        const [metadata] = await describeTopics(admin, [topic]);
        if (metadata === undefined) throw topicMissing(topic);
        return metadata.partitions.length;
      }),

    messageBytesMax: (topic) =>
      ask(`reading settings of ${topic}`, async (admin) => {
        if ((await describeTopics(admin, [topic])).length === 0) throw topicMissing(topic);
        const text = (await readConfigs(admin, [topic])).get(topic)?.get(MESSAGE_BYTES);
        if (text === undefined)
          throw new Failure('denied', `Kafka does not tell ${MESSAGE_BYTES} of topic ${topic}: grant DescribeConfigs on it.`);
        return Number(text);
      }),

    describe: (topics) =>
      ask('looking at topics', async (admin) => {
        const { brokers } = await admin.describeCluster();
        const metadata = await describeTopics(admin, topics);
        const led = new Set(metadata.filter(hasLeaders).map(({ name }) => name));
        const nodes = new Set(metadata.flatMap(({ partitions }) => partitions.flatMap(({ replicas }) => replicas)));
        return { brokers: brokers.length, replicaNodes: nodes.size, notReady: topics.filter((topic) => !led.has(topic)) };
      }),

    close: async () => {
      const open = connecting;
      connecting = undefined;
      // A connect that failed left nothing to close, and its caller has the error.
      await open?.then(
        (admin) => admin.disconnect(),
        () => undefined,
      );
    },
  };
}

/** What is wrong with a topic that is there. */
function* findProblems({ name, partitions }: ITopicMetadata, config: ReadonlyMap<string, string> | undefined, wanted: TopicsWanted) {
  if (partitions.length !== wanted.partitions)
    yield `topic ${name} has ${partitions.length} partitions, PINFLOW_TOPIC_PARTITIONS says ${wanted.partitions}: set it to ${partitions.length}`;
  const timestampType = config?.get(TIMESTAMP_TYPE);
  if (timestampType !== 'LogAppendTime')
    yield `topic ${name} stamps records with ${timestampType ?? 'an unknown clock'}, Pinflow needs LogAppendTime: alter ${TIMESTAMP_TYPE} of the topic while it is empty, or set another PINFLOW_PREFIX`;
  const replicas = Math.min(...partitions.map((partition) => partition.replicas.length));
  const minInsync = Number(config?.get(MIN_INSYNC) ?? 1);
  const least = wanted.minInsync ?? minInsyncDefault;
  // With acks=all a leader that is alone in sync acks alone, and what only it has is lost with it.
  if (replicas > 1 && minInsync < least)
    yield `topic ${name} has ${replicas} replicas, but Kafka acks an event that ${minInsync} of them has (${MIN_INSYNC}): alter that of the topic to ${least}, or set PINFLOW_TOPIC_MIN_INSYNC=${minInsync} to take that risk`;
}

async function createTopics(admin: Admin, topics: readonly string[], wanted: TopicsWanted): Promise<void> {
  try {
    await admin.createTopics({
      waitForLeaders: false,
      topics: topics.map((topic) => ({
        topic,
        numPartitions: wanted.partitions,
        replicationFactor: wanted.replicas,
        configEntries: [
          { name: TIMESTAMP_TYPE, value: 'LogAppendTime' },
          { name: MESSAGE_BYTES, value: String(wanted.messageBytesMax ?? topicMessageBytesMax) },
          ...(wanted.replicas === 1
            ? []
            : [{ name: MIN_INSYNC, value: String(Math.min(wanted.replicas, wanted.minInsync ?? minInsyncDefault)) }]),
        ],
      })),
    });
  } catch (error) {
    if (!(error instanceof KafkaJSAggregateError)) throw error;
    // Another process may have created some of them meanwhile; what it made is checked like any existing topic.
    const others = (error.errors as (Error & { type?: string; topic?: string })[]).filter((one) => one.type !== 'TOPIC_ALREADY_EXISTS');
    if (others.length === 0) return;
    const reasons = others.map((one) => `${one.topic === undefined ? '' : `${one.topic}: `}${one.message}`);
    throw new Failure(
      'configuration',
      `Kafka refused to create topics (${reasons.join('; ')}): check PINFLOW_TOPIC_PARTITIONS, PINFLOW_TOPIC_REPLICAS and the number of brokers.`,
      { cause: error },
    );
  }
}

function byPartition(left: { partition: number }, right: { partition: number }): number {
  return left.partition - right.partition;
}

function topicMissing(topic: string): Failure {
  return new Failure(
    'not_ready',
    `Topic ${topic} is not there: the stack and the API create it at their start; is PINFLOW_PREFIX the same everywhere?`,
  );
}

/** kafkajs 2.2.4 destructures the missing answer of a broker that is gone: a TypeError in place of a connection error. */
function lostConnection(error: unknown, doing: string): unknown {
  return error instanceof TypeError ? noBrokerAnswers(doing, error) : toKafkaFailure(error, doing);
}

export function readingOffsetsOf(topic: string): string {
  return `reading offsets of ${topic}`;
}

function isElecting(error: unknown): boolean {
  const { type } = error as { type?: string };
  return type === 'NOT_LEADER_FOR_PARTITION' || type === 'LEADER_NOT_AVAILABLE';
}
