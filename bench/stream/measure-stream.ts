import { randomBytes } from 'node:crypto';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import { describeMachine } from '#bench/measure/machine.ts';
import { removeTopics } from '#bench/measure/remove-topics.ts';
import { listenersOf } from '#bench/measure/processes.ts';
import type { Rig } from '#bench/stream/contender.ts';
import { openBareLoop } from '#bench/stream/open-bare-loop.ts';
import { openOurs } from '#bench/stream/open-ours.ts';
import type { Preloaded } from '#bench/stream/preload.ts';
import { preload } from '#bench/stream/preload.ts';
import { profileOurs } from '#bench/stream/profile.ts';
import type { Findings } from '#bench/stream/report.ts';
import { findTargets } from '#bench/stream/report.ts';
import type { Run } from '#bench/stream/run.ts';
import { measureRun } from '#bench/stream/run.ts';
import { makeNames } from '#domain/names.ts';
import type { Session } from '#stack/session.ts';

/** What a benchmark of the stream needs of a session. */
export type StreamSession = Pick<Session, 'home' | 'environment' | 'config' | 'stop' | 'say'>;

export type Effort = {
  records: number;
  /** Drains of each. */
  runs: number;
};

/**
 * Fills a topic once, has both drain it in turn, and removes it again.
 * @param profileFile where one more drain of ours is profiled into.
 */
export async function measureStream(
  effort: Effort,
  session: StreamSession,
  profileFile?: string,
): Promise<{ findings: Findings; profile: string | undefined }> {
  const { home, environment, config, say } = session;
  const { signal } = session.stop;
  const run = `bench-${randomBytes(4).toString('hex')}`;
  const names = makeNames(`${run}-`);
  const topic = names.topicOf('pin');
  const rig: Rig = { home, environment, config, prefix: names.prefix, topic, signal };
  const database = run.replace('-', '_');
  const kafka = makeKafkaClient(config, 'pinflow-bench');
  const topics = makeKafkaTopics(kafka);
  try {
    await topics.ensureTopics({ topics: names.topics, partitions: config.topicPartitions, replicas: config.topicReplicas });
    say(`Kafka: taking in ${effort.records} records`);
    const preloaded = await preload(config, topic, effort.records, signal);
    const { ours, peer } = await alternate(rig, preloaded, database, effort.runs, say);
    const findings: Findings = {
      machine: describeMachine(listenersOf(config.kafkaBrokers)),
      preloaded,
      partitions: config.topicPartitions,
      ours,
      peer,
      targets: findTargets(ours, peer),
      problems: findProblems(ours, peer),
    };
    const profile = profileFile === undefined ? undefined : await profileOurs(rig, preloaded, `${database}_profile`, profileFile, say);
    return { findings, profile };
  } finally {
    await topics.close();
    await removeTopics(kafka, names.topics);
  }
}

/** Ours and the peer in turn, every other round the peer first, each as a fresh process on a fresh database. */
async function alternate(
  rig: Rig,
  preloaded: Preloaded,
  database: string,
  runs: number,
  say: (line: string) => void,
): Promise<{ ours: Run[]; peer: Run[] }> {
  const ours: Run[] = [];
  const peer: Run[] = [];
  const takeOurs = async (name: string): Promise<void> => {
    say('pinflow: draining');
    ours.push(await measureRun(rig, preloaded, name, (url, postgres) => openOurs(rig, url, postgres)));
  };
  const takePeer = async (name: string): Promise<void> => {
    say('bare loop: draining');
    peer.push(await measureRun(rig, preloaded, name, (url) => openBareLoop(rig, url)));
  };
  for (let round = 0; round < runs; round++) {
    const order = [takeOurs, takePeer];
    for (const [i, take] of (round % 2 === 0 ? order : order.toReversed()).entries()) await take(`${database}_${round}_${i}`);
  }
  return { ours, peer };
}

/** Of each run, and where they left different rows: then one of them did less or other work. */
export function findProblems(ours: readonly Run[], peer: readonly Run[]): string[] {
  const named = [...ours.map((run) => ({ name: 'pinflow', run })), ...peer.map((run) => ({ name: 'bare loop', run }))];
  const contents = new Set(named.map(({ run }) => run.content));
  return [
    ...named.flatMap(({ name, run }) => run.problems.map((problem) => `${name}: ${problem}`)),
    ...(contents.size > 1 ? ['The runs left different rows.'] : []),
  ];
}
