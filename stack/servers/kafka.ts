import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Home } from '../home.ts';
import type { Ports } from '../ports.ts';
import type { KafkaTool } from '../tools/kafka-java.ts';
import { javaArguments } from '../tools/kafka-java.ts';
import { runProgram } from '../tools/run-program.ts';
import { kafkaBrokersOf } from './kafka-probe.ts';
import { kafkaProperties } from './kafka-properties.ts';
import type { Server } from './server.ts';

/** Leaving in good order takes about two seconds. A killed broker loses nothing, it only starts more slowly. */
const STOP_MS = 3_000;

/** What a node has beyond the usual: lines of its properties, which win over earlier ones, and arguments of its formatting. */
export type KafkaExtras = { properties: string; formatArguments: readonly string[] };

/** One Kafka node, broker and controller at once, with its log in the home. */
export function makeKafka(
  home: Home,
  ports: Pick<Ports, 'kafka' | 'kafkaController'>,
  tool: KafkaTool,
  environment: NodeJS.ProcessEnv,
  extras: KafkaExtras = { properties: '', formatArguments: [] },
): Server {
  const properties = home.at('config', 'kafka.properties');
  const java = (main: string, ...args: string[]): { command: string; args: string[]; environment: NodeJS.ProcessEnv; cwd: string } => ({
    command: tool.java,
    args: [...javaArguments(tool, home.at('tmp')), main, ...args],
    environment,
    cwd: tool.folder,
  });
  return {
    name: 'kafka',
    title: 'Kafka',
    async prepare(signal) {
      // Compression codecs unpack native code here; a killed broker leaves it behind.
      rmSync(home.at('tmp'), { recursive: true, force: true });
      mkdirSync(home.at('tmp'));
      writeFileSync(properties, kafkaProperties(home.at('kafka'), ports.kafka, ports.kafkaController) + extras.properties);
      if (existsSync(home.at('kafka', 'meta.properties'))) return;
      await runProgram({
        ...java(
          'kafka.tools.StorageTool',
          'format',
          '--cluster-id',
          clusterId(),
          '--config',
          properties,
          '--ignore-formatted',
          ...extras.formatArguments,
        ),
        signal,
      });
    },
    command: { ...java('kafka.Kafka', properties), stopMs: STOP_MS },
    async isReady() {
      return (await kafkaBrokersOf('127.0.0.1', ports.kafka)) > 0;
    },
  };
}

/** What Kafka takes for a random id: 16 bytes in URL-safe base64; one that begins with a dash would look like a flag. */
function clusterId(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? clusterId() : id;
}
