import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import kafkajs from 'kafkajs';
import type { Kafka } from 'kafkajs';
import type { Config } from '#adapters/config.ts';
import type { DisposableClient } from '#adapters/kafka/client.ts';
import { kafkaOptions, makeDisposableClient } from '#adapters/kafka/client.ts';

/** A TCP proxy in front of a server (the broker, but Postgres as well) that a test can stop, as a network or a broker would. */
export type StoppableProxy = {
  port: number;
  /** A client whose every connection goes through the proxy, whatever address the broker advertises. */
  makeKafka(config: Config): Kafka;
  /** The same for a client that can be given up. */
  makeClient(config: Config): DisposableClient;
  /**
   * What is sent from now on over the connections that are open now stays on its way, as in the buffers of a network or
   * of a broker that does not get to it. New connections pass.
   */
  delayOpen(): Delayed;
  /** Connections stay open and nothing passes, in neither direction. */
  hold(): void;
  /** What was held passes, and so does all that follows. */
  release(): void;
  /** Answers of the broker are lost, requests still arrive: the connections break with them. */
  loseAnswers(): void;
  /** Breaks all connections and takes no new ones until `comeBack`. */
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
};

export type Delayed = {
  /** Requests that are on their way, and how many of their senders still hold their connection. */
  held(): { requests: number; senders: number };
  /** Has them arrive, whether their senders are still there or not; resolves when the broker answered each. */
  arrive(): Promise<void>;
};

/** A connection through the proxy; `delayed` holds what is on its way. */
type Link = { client: Socket; upstream: Socket; delayed: Buffer[] | undefined };

export async function startProxy(broker: string): Promise<StoppableProxy> {
  const [host = '', brokerPort = ''] = broker.split(':');
  const sockets = new Set<Socket>();
  const links = new Set<Link>();
  let held = false;
  let losing = false;
  let server = makeServer();
  const port = await listenOn(server, 0);

  function makeServer(): Server {
    return createServer({ noDelay: true }, (client) => {
      const upstream = connect({ host, port: Number(brokerPort), noDelay: true });
      const link: Link = { client, upstream, delayed: undefined };
      links.add(link);
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(socket);
        socket.on('data', (chunk) => {
          if (losing && socket === upstream) client.destroy();
          else if (socket === client && link.delayed !== undefined) link.delayed.push(chunk);
          else other.write(chunk);
        });
        socket.on('close', () => {
          sockets.delete(socket);
          if (socket === client && (link.delayed?.length ?? 0) > 0) return;
          links.delete(link);
          other.destroy();
        });
        // The other side is destroyed on close; that is all there is to do.
        socket.on('error', () => undefined);
        if (held) socket.pause();
      }
    });
  }

  return {
    port,
    makeKafka: (config) =>
      new kafkajs.Kafka({
        ...kafkaOptions(config, 'pinflow-test-proxied'),
        socketFactory: ({ onConnect }) => connect({ host: '127.0.0.1', port, noDelay: true }, onConnect),
      }),
    makeClient: (config) => makeDisposableClient(config, 'pinflow-test-proxied', () => connect({ host: '127.0.0.1', port, noDelay: true })),
    delayOpen() {
      const slow = [...links];
      for (const link of slow) link.delayed = [];
      const withRequest = (): Link[] => slow.filter(({ delayed }) => (delayed?.length ?? 0) > 0);
      return {
        held: () => ({ requests: withRequest().length, senders: withRequest().filter(({ client }) => !client.destroyed).length }),
        async arrive() {
          await Promise.all(
            withRequest().map(async ({ client, upstream, delayed }) => {
              const answered = once(upstream, 'data');
              upstream.write(Buffer.concat(delayed!));
              await answered;
              if (client.destroyed) upstream.destroy();
            }),
          );
          for (const link of slow) link.delayed = undefined;
        },
      };
    },
    hold() {
      held = true;
      for (const socket of sockets) socket.pause();
    },
    release() {
      held = false;
      losing = false;
      for (const socket of sockets) socket.resume();
    },
    loseAnswers() {
      losing = true;
    },
    async goDown() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    async comeBack() {
      server = makeServer();
      await listenOn(server, port);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}

async function listenOn(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
