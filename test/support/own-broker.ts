import { findFreePorts } from '#stack/free-ports.ts';
import { makeKafka } from '#stack/servers/kafka.ts';
import { obtainKafka } from '#stack/tools/kafka-tool.ts';
import type { OwnServer } from '#test/support/own-server.ts';
import { makeObtaining, startOwnServer } from '#test/support/own-server.ts';
import { makeTestHome } from '#test/support/stack-home.ts';

/** A broker of a test's own, to be treated badly; its address (host:port) stays the same. */
export async function startOwnBroker(): Promise<OwnServer & { address: string }> {
  const home = makeTestHome();
  const obtaining = makeObtaining();
  const tool = await obtainKafka(obtaining);
  const [kafka = 0, kafkaController = 0] = await findFreePorts(2);
  const server = await startOwnServer(home, makeKafka(home, { kafka, kafkaController }, tool, obtaining.environment));
  return { ...server, address: `127.0.0.1:${kafka}` };
}
