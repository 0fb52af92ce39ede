import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { answerUnreadable, headerBytesMax, refuseWithoutHost } from '#api/answers/answer-unreadable.ts';
import type { ConnectionBounds, Connections } from '#api/bound-connections.ts';
import { boundConnections } from '#api/bound-connections.ts';
import { Failure } from '#domain/failures.ts';

export type Listening = {
  /** Where clients reach it. */
  url: string;
  connections: Pick<Connections, 'held' | 'beyond'>;
  /** From now on every answer closes its connection, so that clients move on; new connections are as welcome as ever. */
  sendAway(): void;
  /**
   * Takes no new connections, lets requests that have begun end, closes every connection after its answer.
   * @returns true when all were answered within `timeoutMs`; the rest is cut off.
   */
  drain(timeoutMs: number): Promise<boolean>;
};

const idleSweepMs = 20;

/** How long headers and whole requests may take to arrive, and how often that is looked at; ms. */
type Patience = { headersTimeout: number; requestTimeout: number; connectionsCheckingInterval: number };
const usualPatience: Patience = { headersTimeout: 20_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 };

/**
 * Listens with timeouts of our own: keep-alive above any proxy's, and a slow sender holds its own connection only.
 * @throws Failure `configuration` where the address cannot be bound.
 */
export async function listen(
  listener: RequestListener,
  host: string,
  port: number,
  bounds: ConnectionBounds,
  patience = usualPatience,
): Promise<Listening> {
  let closesAfterAnswer = false;
  const take = (req: IncomingMessage, res: ServerResponse): void => {
    if (connections.refuse(req, res) || refuseWithoutHost(req, res)) return;
    if (closesAfterAnswer) res.setHeader('Connection', 'close');
    listener(req, res);
  };
  const server = createServer(
    {
      keepAliveTimeout: 65_000,
      ...patience,
      maxHeaderSize: headerBytesMax,
      noDelay: true,
      // Asked below: node would answer without a body.
      requireHostHeader: false,
    },
    take,
  );
  // Asked for when it is read, and not where it is refused unread; node itself would ask at once.
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    req.once('resume', () => {
      if (!res.headersSent) res.writeContinue();
    });
    take(req, res);
  });
  answerUnreadable(server);
  const connections = boundConnections(server, bounds);
  await bind(server, host, port);
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    connections,
    sendAway() {
      closesAfterAnswer = true;
    },
    async drain(timeoutMs) {
      closesAfterAnswer = true;
      let clean = true;
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      // A connection whose last answer left before draining began is idle only afterwards; node closes such once, at close().
      const sweep = setInterval(() => server.closeIdleConnections(), idleSweepMs);
      const cut = setTimeout(() => {
        clean = false;
        server.closeAllConnections();
      }, timeoutMs);
      await closed;
      clearInterval(sweep);
      clearTimeout(cut);
      return clean;
    },
  };
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE')
        reject(
          new Failure('configuration', `Port ${port} of ${host} is taken: stop what listens there, or set API_PORT to another port.`, {
            cause: error,
          }),
        );
      else if (error.code === 'EADDRNOTAVAIL' || error.code === 'EACCES')
        reject(
          new Failure('configuration', `The API cannot bind to ${host}:${port} (${error.code}): set API_HOST and API_PORT.`, {
            cause: error,
          }),
        );
      else reject(error);
    });
    server.listen(port, host, 1_024, resolve);
  });
}
