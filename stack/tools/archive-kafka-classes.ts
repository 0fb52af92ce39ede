import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalGroup } from '../child.ts';
import { findFreePorts } from '../free-ports.ts';
import { kafkaBrokersOf } from '../servers/kafka-probe.ts';
import { kafkaProperties } from '../servers/kafka-properties.ts';
import type { KafkaTool } from './kafka-java.ts';
import { javaArguments, kafkaClassArchive } from './kafka-java.ts';
import { runProgram } from './run-program.ts';

const READY_MS = 60_000;
const POLL_MS = 100;

/**
 * Runs Kafka once, on an empty log aside, to keep the classes that it loads as an archive: each later start then takes
 * about a third less. A JVM that makes no archive, or a later one that does not fit it, only starts more slowly.
 */
export async function archiveKafkaClasses(tool: KafkaTool, environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const scratch = join(tool.folder, 'scratch');
  mkdirSync(scratch);
  const [port = 0, controllerPort = 0] = await findFreePorts(2);
  const properties = join(scratch, 'kafka.properties');
  writeFileSync(properties, kafkaProperties(join(scratch, 'log'), port, controllerPort));
  const run = { command: tool.java, environment, cwd: tool.folder };
  await runProgram({
    ...run,
    args: [
      ...javaArguments(tool, scratch),
      'kafka.tools.StorageTool',
      'format',
      '--cluster-id',
      `x${randomUUID().replaceAll('-', '').slice(0, 21)}`,
      '--config',
      properties,
    ],
    signal,
  });

  const broker = spawn(
    tool.java,
    [`-XX:ArchiveClassesAtExit=${join(tool.folder, kafkaClassArchive)}`, ...javaArguments(tool, scratch), 'kafka.Kafka', properties],
    { env: environment, cwd: tool.folder, detached: true, stdio: 'ignore' },
  );
  const kill = (): void => {
    if (broker.pid !== undefined) signalGroup(broker.pid, 'SIGKILL');
  };
  signal.addEventListener('abort', kill);
  const exited = new Promise((resolve) => {
    broker.on('close', resolve).on('error', resolve);
  });
  const giveUp = setTimeout(kill, READY_MS);
  while (broker.exitCode === null && broker.signalCode === null && (await kafkaBrokersOf('127.0.0.1', port)) === 0) await sleep(POLL_MS);
  broker.kill('SIGTERM');
  await exited;
  clearTimeout(giveUp);
  signal.removeEventListener('abort', kill);
  signal.throwIfAborted();
  rmSync(scratch, { recursive: true });
}
