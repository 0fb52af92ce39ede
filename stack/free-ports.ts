import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { Failure } from '#domain/failures.ts';

/** Ports that are listened on while others are chosen, so that none is chosen twice. */
export type HeldPorts = {
  /** Holds this port; false when someone else listens on it. */
  hold(port: number): Promise<boolean>;
  /** Holds some free port. */
  holdFree(): Promise<number>;
  release(): Promise<void>;
};

/** Below the range that systems hand out for outgoing connections, so that nothing takes one before its server does. */
const FIRST = 20_000;
const COUNT = 12_000;
const TRIES = 200;

export function holdPorts(): HeldPorts {
  const held: Server[] = [];
  const hold = async (port: number): Promise<boolean> => {
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (free) held.push(server);
    return free;
  };
  return {
    hold,
    async holdFree() {
      for (let attempt = 0; attempt < TRIES; attempt++) {
        const port = FIRST + Math.floor(Math.random() * COUNT);
        if (await hold(port)) return port;
      }
      throw new Failure('exhausted', `No free port was found between ${FIRST} and ${FIRST + COUNT}: end some of what listens there.`);
    },
    async release() {
      await Promise.all(
        held.splice(0).map(
          (server) =>
            new Promise((resolve) => {
              server.close(resolve);
            }),
        ),
      );
    },
  };
}

/** Some free ports, for servers that start at once. */
export async function findFreePorts(count: number): Promise<number[]> {
  const ports = holdPorts();
  try {
    const found: number[] = [];
    while (found.length < count) found.push(await ports.holdFree());
    return found;
  } finally {
    await ports.release();
  }
}
