import { callerEnvironment, loadConfig } from '#adapters/config.ts';
import type { Child } from '#stack/child.ts';
import { findFreePorts } from '#stack/free-ports.ts';
import { makeKafka } from '#stack/servers/kafka.ts';
import { startServer } from '#stack/servers/server.ts';
import { obtainKafka } from '#stack/tools/kafka-tool.ts';
import { cacheFolderOf } from '#stack/tools/obtain.ts';
import { makeTestHome } from '#test/support/stack-home.ts';

/** A broker of a test's own, to be treated badly. */
export type OwnBroker = {
  /** host:port; the same before and after each restart. */
  address: string;
  /** Sends a signal to the broker's process. */
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  /** Runs a killed broker again on its log and its port. */
  startAgain(): Promise<void>;
  stop(): Promise<void>;
};

const noProgress = { begin: () => ({ retitle: () => undefined, done: () => undefined }) };

export async function startOwnBroker(): Promise<OwnBroker> {
  const home = makeTestHome();
  const environment = callerEnvironment();
  const { signal } = new AbortController();
  const tool = await obtainKafka({
    environment,
    cacheFolder: cacheFolderOf(loadConfig(environment).cacheHome),
    progress: noProgress,
    signal,
  });
  const [kafka = 0, kafkaController = 0] = await findFreePorts(2);
  const children: Child[] = [];
  const running = await startServer(
    home,
    makeKafka(home, { kafka, kafkaController }, tool, environment),
    (child) => children.push(child),
    signal,
  );
  return {
    address: `127.0.0.1:${kafka}`,
    signal: (name) => void process.kill(children.at(-1)!.pid, name),
    async startAgain() {
      await children.at(-1)!.exited;
      children.push(running.startAgain());
    },
    async stop() {
      for (const child of children) await child.stop();
      home.close();
    },
  };
}
