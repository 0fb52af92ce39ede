import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { makeTakePin } from '#bench/ingest/peers/take-pin.ts';

/** The floor: nothing between node:http and the publisher. */
const bodyBytesMax = 65_536;
const { port, takePin } = await makeTakePin();

createServer({ noDelay: true, keepAliveTimeout: 65_000 }, (req, res) => {
  if (req.method === 'POST' && req.url === '/pin/') receive(req, res);
  else res.writeHead(req.url === '/readyz' ? 200 : 404, { 'Content-Length': 0 }).end();
}).listen(port, '127.0.0.1', 1_024);

function receive(req: IncomingMessage, res: ServerResponse): void {
  const chunks: Buffer[] = [];
  let size = 0;
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= bodyBytesMax) chunks.push(chunk);
  });
  req.on('end', () => {
    if (size > bodyBytesMax) return void res.writeHead(413, { 'Content-Length': 0 }).end();
    void takePin(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).then(({ status, headers, body }) =>
      res.writeHead(status, headers).end(body),
    );
  });
}
