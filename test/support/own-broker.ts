import { randomBytes } from 'node:crypto';
import { findFreePorts } from '#stack/free-ports.ts';
import { makeKafka } from '#stack/servers/kafka.ts';
import { obtainKafka } from '#stack/tools/kafka-tool.ts';
import type { OwnServer } from '#test/support/own-server.ts';
import { makeObtaining, startOwnServer } from '#test/support/own-server.ts';
import { makeTestHome } from '#test/support/stack-home.ts';

/**
 * Two nodes with a copy of everything each: the first leads the cluster and stays, the second is to be treated badly.
 * An internal topic has one copy on each, too.
 */
export async function startOwnCluster(): Promise<{ addresses: string[]; second: OwnServer; stop: () => Promise<void> }> {
  const obtaining = makeObtaining();
  const tool = await obtainKafka(obtaining);
  const [first = 0, controller = 0, second = 0, unused = 0] = await findFreePorts(4);
  const formatArguments = ['--cluster-id', randomBytes(16).toString('base64url').replace(/^-/, 'a')];
  // Leadership goes back to the second node soon after it came back.
  const both = 'leader.imbalance.check.interval.seconds=1\nleader.imbalance.per.broker.percentage=0\nmin.insync.replicas=1\n';
  const onlyBroker = [
    'process.roles=broker',
    'node.id=2',
    `controller.quorum.voters=1@127.0.0.1:${controller}`,
    `listeners=PLAINTEXT://127.0.0.1:${second}`,
    '',
  ].join('\n');
  const run = (kafka: number, kafkaController: number, properties: string): Promise<OwnServer> => {
    const home = makeTestHome();
    return startOwnServer(home, makeKafka(home, { kafka, kafkaController }, tool, obtaining.environment, { properties, formatArguments }));
  };
  const leader = await run(first, controller, both);
  const follower = await run(second, unused, both + onlyBroker).catch(async (error: unknown) => {
    await leader.stop();
    throw error;
  });
  return {
    addresses: [`127.0.0.1:${first}`, `127.0.0.1:${second}`],
    second: follower,
    async stop() {
      await follower.stop();
      await leader.stop();
    },
  };
}

/**
 * A broker of a test's own, to be treated badly; its address (host:port) stays the same.
 * @param properties lines of its properties, beyond or against the usual.
 */
export async function startOwnBroker(properties = ''): Promise<OwnServer & { address: string }> {
  const home = makeTestHome();
  const obtaining = makeObtaining();
  const tool = await obtainKafka(obtaining);
  const [kafka = 0, kafkaController = 0] = await findFreePorts(2);
  const extras = { properties, formatArguments: [] };
  const server = await startOwnServer(home, makeKafka(home, { kafka, kafkaController }, tool, obtaining.environment, extras));
  return { ...server, address: `127.0.0.1:${kafka}` };
}
