import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:http';

/** What a client knows after a request: an answer, or that the connection broke (and whether it had served before). */
export type Answered =
  | { id: string; status: number; headers: IncomingHttpHeaders; body: string }
  | { id: string; lost: string; onFreshConnection: boolean };

/** An HTTP client with keep-alive connections that reports what happened instead of throwing. */
export function makeDoorClient(url: string, connections: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    post(path: string, id: string, body: string): Promise<Answered> {
      return new Promise((resolve) => {
        const req = request(url + path, { method: 'POST', agent, headers: { 'Content-Type': 'application/json' } }, (res) => {
          const chunks: Buffer[] = [];
          res.on('data', (chunk: Buffer) => void chunks.push(chunk));
          res.once('end', () => resolve({ id, status: res.statusCode!, headers: res.headers, body: Buffer.concat(chunks).toString() }));
          res.once('error', lost);
        });
        const lost = (error: NodeJS.ErrnoException): void =>
          resolve({ id, lost: error.code ?? error.message, onFreshConnection: !req.reusedSocket });
        req.once('error', lost);
        req.end(body);
      });
    },
    close: () => agent.destroy(),
  };
}
