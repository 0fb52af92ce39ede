import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import kafkajs from 'kafkajs';
import type { Kafka } from 'kafkajs';
import type { Config } from '#adapters/config.ts';
import { kafkaOptions } from '#adapters/kafka/client.ts';

/** A TCP proxy in front of a server (the broker, but Postgres as well) that a test can stop, as a network or a broker would. */
export type StoppableProxy = {
  port: number;
  /** A client whose every connection goes through the proxy, whatever address the broker advertises. */
  makeKafka(config: Config): Kafka;
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

export async function startProxy(broker: string): Promise<StoppableProxy> {
  const [host = '', brokerPort = ''] = broker.split(':');
  const sockets = new Set<Socket>();
  let held = false;
  let losing = false;
  let server = makeServer();
  const port = await listenOn(server, 0);

  function makeServer(): Server {
    return createServer({ noDelay: true }, (client) => {
      const upstream = connect({ host, port: Number(brokerPort), noDelay: true });
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(socket);
        socket.on('data', (chunk) => {
          if (losing && socket === upstream) client.destroy();
          else other.write(chunk);
        });
        socket.on('close', () => {
          sockets.delete(socket);
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
