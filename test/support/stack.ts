import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { callerEnvironment, environmentOverStack, loadConfig } from '#adapters/config.ts';
import { settings } from '#adapters/settings/settings.ts';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { connectTemporal } from '#adapters/temporal.ts';
import { makeNames } from '#domain/names.ts';
import { findFreePorts } from '#stack/free-ports.ts';
import { nodeFlags } from '#stack/node-process.ts';
import { withoutGivenServers } from '#test/support/own-environment.ts';

/** A whole `npm start` of a test's own, in a home and on ports of its own. */
export type Stack = {
  postgres: Postgres;
  /** Records in all topics. */
  inKafka(): Promise<number>;
  /** Records that the stream's account holds. */
  streamed(): Promise<number>;
  /** Records in landed raw objects. */
  landed(): Promise<number>;
  /** Records of complete intervals. */
  published(): Promise<number>;
  /** Completed ticks that a person triggered. */
  manualRuns(): Promise<number>;
  /** Runs `npx pinflow` to its end. */
  pinflow(...args: string[]): Promise<Ended>;
  tctl(...args: string[]): Promise<Ended>;
  /** Runs `npx pinflow` until `stop` sends it a Ctrl-C. */
  pinflowUntilStopped(...args: string[]): { stop(): Promise<Ended> };
  /** Ad-hoc SQL through the command line, rows as JSON. */
  sql<Row = Record<string, unknown>>(query: string): Promise<Row[]>;
  doorUrl: string;
  /** kill -9 of a process of the stack, by its name in the home. */
  killHard(name: string): void;
  stop(): Promise<void>;
};

export type Ended = { code: number | null; stdout: string; stderr: string };

const ownProject = fileURLToPath(new URL('../../', import.meta.url));
const startMs = 120_000;
/** A stack ends within ten seconds, and insists on that itself. */
const stopMsMax = 15_000;

/**
 * Leaves nothing running when it rejects, as it does when it takes too long or `giveUp` aborts.
 * @param options.project the checkout whose processes run, where that is another.
 */
export async function startStack(
  given: Record<string, string>,
  { giveUp, project = ownProject }: { giveUp?: AbortSignal; project?: string } = {},
): Promise<Stack> {
  const caller = callerEnvironment();
  const home = join(loadConfig(caller).home, 'tests', `stack-${randomBytes(4).toString('hex')}`);
  const environment = await environmentOfOwn(caller, home, given);
  const main = spawn(process.execPath, [...nodeFlags, 'stack/main.ts', 'start', '--no-emulator', '--home', home], {
    cwd: project,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    await started(main, AbortSignal.any([AbortSignal.timeout(startMs), ...(giveUp === undefined ? [] : [giveUp])]));
  } catch (error) {
    await stopped(main);
    throw error;
  }
  const config = loadConfig(environmentOverStack({ ...environment, [settings.home.env]: home }));
  const names = makeNames(config.prefix);
  const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
  const topics = makeKafkaTopics(makeKafkaClient(config, 'pinflow-test'));
  const run = (script: string, args: string[]): ChildProcess =>
    spawn(process.execPath, [script, ...args], {
      cwd: project,
      env: { ...environment, [settings.home.env]: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const count = async (sql: string): Promise<number> => (await postgres.query<{ n: number | null }>(sql))[0]?.n ?? 0;

  const stack: Stack = {
    postgres,
    doorUrl: `http://127.0.0.1:${config.apiPort}`,
    async inKafka() {
      const offsets = await Promise.all(names.topics.map((topic) => topics.fetchOffsets(topic)));
      return offsets.flat().reduce((sum, { low, high }) => sum + high - low, 0);
    },
    streamed: () => count(`SELECT sum(last_offset - first_offset + 1)::bigint AS n FROM pinflow.stream_batch`),
    landed: () => count(`SELECT sum(records)::bigint AS n FROM pinflow.landing_range WHERE state = 'landed'`),
    published: () => count(`SELECT sum(records)::bigint AS n FROM pinflow.interval WHERE state = 'complete'`),
    async manualRuns() {
      const client = await connectTemporal(config);
      try {
        let runs = 0;
        for await (const { startTime } of client.workflow.list({
          query: `WorkflowType = 'pinBatchTick' AND ExecutionStatus = 'Completed' AND PinState = 'manual'`,
        }))
          if (startTime) runs++;
        return runs;
      } finally {
        await client.connection.close();
      }
    },
    pinflow: (...args) => ended(run('cli/pinflow.ts', args)),
    tctl: (...args) => ended(run('cli/tctl.ts', ['--address', config.temporalAddress, ...args])),
    pinflowUntilStopped(...args) {
      const child = run('cli/pinflow.ts', args);
      const end = ended(child);
      return {
        stop: () => {
          child.kill('SIGINT');
          return end;
        },
      };
    },
    async sql<Row>(query: string) {
      const { code, stdout, stderr } = await stack.pinflow('sql', query, '--json');
      if (code !== 0) throw new Error(`pinflow sql ended with code ${code}: ${stderr}`);
      return JSON.parse(stdout) as Row[];
    },
    killHard(name) {
      const { pid } = JSON.parse(readFileSync(join(home, 'run', `${name}.json`), 'utf8')) as { pid: number };
      process.kill(pid, 'SIGKILL');
    },
    async stop() {
      await Promise.allSettled([postgres.close(), topics.close()]);
      await stopped(main);
    },
  };
  return stack;
}

/** The caller's environment without the servers of `npm test`: this stack brings its own. */
export async function environmentOfOwn(caller: NodeJS.ProcessEnv, home: string, given: Record<string, string>): Promise<NodeJS.ProcessEnv> {
  const portNames = [
    settings.apiPort.env,
    settings.kafkaPort.env,
    settings.s3Port.env,
    settings.postgresPort.env,
    settings.temporalPort.env,
    settings.temporalUiPort.env,
  ];
  const ports = await findFreePorts(portNames.length);
  return {
    ...withoutGivenServers(caller),
    [settings.home.env]: home,
    ...Object.fromEntries(portNames.map((name, index) => [name, String(ports[index])])),
    ...given,
  };
}

async function stopped(main: ChildProcess): Promise<void> {
  if (main.exitCode !== null || main.signalCode !== null) return;
  const end = once(main, 'exit');
  main.kill('SIGTERM');
  const insist = setTimeout(() => main.kill('SIGKILL'), stopMsMax);
  await end;
  clearTimeout(insist);
}

function started(main: ChildProcess, giveUp: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (why: string): void => reject(new Error(`npm start ${why}:\n${said}`));
    giveUp.addEventListener('abort', () => fail(`did not come up (${String(giveUp.reason)})`));
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      if (said.includes('Pinflow runs.')) resolve();
    };
    main.stdout?.on('data', listen);
    main.stderr?.on('data', listen);
    main.once('exit', (code) => fail(`ended with code ${code}`));
  });
}

function ended(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
