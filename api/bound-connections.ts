import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { answerJson, writeAnswer } from '#api/answers/answer.ts';

export type ConnectionBounds = {
  /** Connections that a process holds at one time. */
  connectionsMax: number;
  /** Of them from one address. */
  perAddressMax: number;
  /** Further ones, for probes alone. */
  probesMax: number;
  /** The peer's address as bounds count it; undefined where they do not (a proxy, who stands for many). */
  addressOf(socket: Socket): string | undefined;
};

export type Connections = {
  /** Answers a request on a connection beyond the bounds that is no probe. @returns whether it did. */
  refuse(req: IncomingMessage, res: ServerResponse): boolean;
  held(): number;
  /** Connections that came beyond the bounds so far, probes included. */
  beyond(): Readonly<Record<'address' | 'process', number>>;
};

const probes = new Set(['/healthz', '/readyz', '/metrics']);
/** How long a connection beyond the bounds may last: as long as the slowest probe takes. */
const probeMsMax = 5_000;

/**
 * Keeps one address from taking every connection, and all of them together from taking the last: a connection beyond the
 * bounds is accepted for one request, which must be a probe's. Those that say nothing cannot keep probes out either: when
 * these few places are taken the oldest goes, and a probe asks at once.
 */
export function boundConnections(server: Server, bounds: ConnectionBounds): Connections {
  const byAddress = new Map<string, number>();
  /** Connections for probes alone, the oldest first. */
  const forProbes = new Set<Socket>();
  const beyond = { address: 0, process: 0 };
  let held = 0;

  function hold(socket: Socket, address: string | undefined): void {
    held++;
    if (address !== undefined) byAddress.set(address, (byAddress.get(address) ?? 0) + 1);
    socket.once('close', () => {
      held--;
      if (address === undefined) return;
      const left = byAddress.get(address)! - 1;
      if (left === 0) byAddress.delete(address);
      else byAddress.set(address, left);
    });
  }

  function keepForProbe(socket: Socket): void {
    const [oldest] = forProbes;
    if (forProbes.size >= bounds.probesMax && oldest !== undefined) {
      forProbes.delete(oldest);
      oldest.destroy();
    }
    forProbes.add(socket);
    const cut = setTimeout(() => socket.destroy(), probeMsMax);
    cut.unref();
    socket.once('close', () => {
      clearTimeout(cut);
      forProbes.delete(socket);
    });
  }

  server.on('connection', (socket) => {
    const address = bounds.addressOf(socket);
    const isAddressFull = address !== undefined && (byAddress.get(address) ?? 0) >= bounds.perAddressMax;
    if (!isAddressFull && held < bounds.connectionsMax) return hold(socket, address);
    beyond[isAddressFull ? 'address' : 'process']++;
    return keepForProbe(socket);
  });

  return {
    refuse(req, res) {
      if (forProbes.size === 0 || !forProbes.has(req.socket)) return false;
      // Its place is for the next probe.
      res.setHeader('Connection', 'close');
      if ((req.method === 'GET' || req.method === 'HEAD') && probes.has(pathOf(req.url ?? ''))) return false;
      writeAnswer(res, tooMany);
      return true;
    },
    held: () => held,
    beyond: () => beyond,
  };
}

const tooMany = answerJson(
  503,
  JSON.stringify({ detail: 'Too many connections are open, from this address or in all: use those there are, or come again later' }),
  { 'Retry-After': '1' },
);

function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}
