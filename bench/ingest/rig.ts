import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { Config } from '#adapters/config.ts';
import { settings } from '#adapters/settings/settings.ts';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import type { Peer } from '#bench/ingest/peers.ts';
import { makePins } from '#bench/ingest/pins.ts';
import { removeTopics } from '#bench/measure/remove-topics.ts';
import { makeDatabase, removeDatabase } from '#bench/measure/database.ts';
import { listenersOf } from '#bench/measure/processes.ts';
import { makeNames } from '#domain/names.ts';
import { startChild } from '#stack/child.ts';
import { findFreePorts } from '#stack/free-ports.ts';
import type { Home } from '#stack/home.ts';
import { cacheFolderOf } from '#adapters/cache-folder.ts';
import { makeProgress } from '#stack/tools/progress.ts';
import { waitUntilReady } from '#stack/wait-until-ready.ts';

/** A server that runs and takes pins. */
export type Target = {
  url: string;
  topic: string;
  /** Its process; those below it belong to it. */
  pid: number;
  /** Events that the server itself says Kafka acked since its start; absent where it does not count them. */
  countAcked?: () => Promise<number>;
};

export type OpenPeer = Target & { close(): Promise<void> };

/** What the peers share: broker, database, generated pins. */
export type Rig = {
  brokers: readonly number[];
  pins: readonly string[];
  /** The same pins, one a line. */
  pinsFile: string;
  /** Records in a topic. */
  countStored(topic: string): Promise<number>;
  /**
   * Starts the peer on topics and a port of its own; closing stops it and removes its topics.
   * @throws Failure where it does not run on this machine or does not come up.
   */
  open(peer: Peer, nodeOptions?: string): Promise<OpenPeer>;
  close(): Promise<void>;
};

export type RigOptions = { home: Home; environment: NodeJS.ProcessEnv; config: Config; signal: AbortSignal };

const pinCount = 4_000;
const partitions = 4;
const startMs = 30_000;

export async function makeRig({ home, environment, config, signal }: RigOptions): Promise<Rig> {
  const run = `bench-${randomBytes(4).toString('hex')}`;
  const kafka = makeKafkaClient(config, 'pinflow-bench');
  const topics = makeKafkaTopics(kafka);
  const postgresUrl = await makeDatabase(config.postgresUrl, run.replace('-', '_'));
  const pins = makePins(pinCount);
  const pinsFile = home.at('tmp', `${run}.ndjson`);
  writeFileSync(pinsFile, pins.map((pin) => `${pin}\n`).join(''));
  const obtaining = { environment, cacheFolder: cacheFolderOf(config.cacheHome), progress: makeProgress(process.stderr), signal };
  let opened = 0;

  return {
    brokers: listenersOf(config.kafkaBrokers),
    pins,
    pinsFile,
    countStored: (topic) => countStored(topics, topic),
    async open(peer, nodeOptions) {
      const prefix = `${run}-${opened++}-`;
      const names = makeNames(prefix);
      const [port = 0] = await findFreePorts(1);
      const url = `http://127.0.0.1:${port}`;
      const own = {
        ...environment,
        [settings.prefix.env]: prefix,
        [settings.postgresUrl.env]: postgresUrl,
        [settings.apiHost.env]: '127.0.0.1',
        [settings.apiPort.env]: String(port),
        [settings.apiUrl.env]: '',
        [settings.topicPartitions.env]: String(partitions),
        [settings.apiProcesses.env]: '1',
        ...(nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions }),
      };
      const command = await peer.command({ prefix, port, brokers: config.kafkaBrokers, environment: own, obtaining });
      await topics.ensureTopics({ topics: names.topics, partitions, replicas: config.topicReplicas });
      const child = startChild(home, `bench-${peer.name}`, command);
      const close = async (): Promise<void> => {
        await child.stop();
        await removeTopics(kafka, names.topics);
      };
      try {
        await waitUntilReady(child, { title: peer.name, isReady: () => isReady(url) }, startMs, signal);
      } catch (error) {
        await close();
        throw error;
      }
      const topic = names.topicOf('pin');
      const target = { url, topic, pid: child.pid, close };
      return (await readAcked(url, topic)) === undefined
        ? target
        : { ...target, countAcked: async () => (await readAcked(url, topic)) ?? Number.NaN };
    },
    async close() {
      await topics.close();
      await removeDatabase(postgresUrl);
    },
  };
}

async function countStored(topics: KafkaTopics, topic: string): Promise<number> {
  return (await topics.fetchOffsets(topic)).reduce((sum, { high }) => sum + high, 0);
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).ok;
  } catch {
    // It does not listen yet.
    return false;
  }
}

/** What the API's telemetry says; undefined for a server without them. */
async function readAcked(url: string, topic: string): Promise<number | undefined> {
  const answer = await fetch(`${url}/metrics`);
  const text = await answer.text();
  if (!answer.ok || !text.includes('# TYPE pinflow_door_acked_total')) return undefined;
  const line = text.split('\n').find((one) => one.startsWith(`pinflow_door_acked_total{topic="${topic}"}`));
  return line === undefined ? 0 : Number(line.split(' ').at(-1));
}
