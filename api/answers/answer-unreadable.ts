import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Answer } from '#api/answers/answer.ts';
import { answerJson, writeAnswer } from '#api/answers/answer.ts';

/** Most bytes of a request's target and headers. */
export const headerBytesMax = 16_384;

/** How long a client that gets its last answer may take to read it and to stop sending. */
const lingerMs = 1_000;

const malformed = answer(400, 'The request is no HTTP/1.1 message');
const byCode: Readonly<Record<string, Answer>> = {
  HPE_HEADER_OVERFLOW: answer(431, `Target and headers of the request have more than ${headerBytesMax} bytes`),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: answer(413, 'Chunks of the body have more than 16384 bytes of extensions'),
  ERR_HTTP_REQUEST_TIMEOUT: answer(408, 'The request took too long to arrive'),
};
const noHost = answer(400, 'The request has no Host header');
const otherExpectation = answer(417, 'Expect can only be 100-continue');
const noTunnel = answer(405, 'Method Not Allowed', { Allow: 'GET, HEAD, POST, PUT, DELETE' });

/**
 * Answers what node's parser cannot make a request of, in the same JSON as everything else; node itself would close the
 * connection with a bare status line. Requests that came whole before it on the connection get their answers first.
 */
export function answerUnreadable(server: Server): void {
  const ending = new WeakSet<Duplex>();

  const refuse = (socket: Duplex, answer: Answer): void => {
    ending.add(socket);
    afterAnswers(socket, () => {
      if (!socket.writable) return void socket.destroy();
      socket.end(textOf(answer));
      socket.resume();
      // Closed at once, with bytes unread, the client would see a reset in place of the answer.
      const cut = setTimeout(() => socket.destroy(), lingerMs);
      socket.once('close', () => clearTimeout(cut));
    });
  };

  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // The parser complains of every piece that comes after the first that it could not read.
    if (ending.has(socket)) return;
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    refuse(socket, byCode[error.code ?? ''] ?? malformed);
  });
  server.on('connect', (_req, socket) => {
    socket.on('error', () => socket.destroy());
    refuse(socket, noTunnel);
  });
  server.on('checkExpectation', (_req: IncomingMessage, res: ServerResponse) => {
    writeAnswer(res, otherExpectation);
  });
}

/** Whether the request is answered here: HTTP/1.1 without Host, which node would answer with a bare status line. */
export function refuseWithoutHost(req: IncomingMessage, res: ServerResponse): boolean {
  if (req.headers.host !== undefined || req.httpVersion !== '1.1') return false;
  writeAnswer(res, noHost);
  return true;
}

/** The answer that the connection is at; node keeps it there and names it in the documentation of 'clientError' only. */
type ServingSocket = Duplex & { _httpMessage?: (ServerResponse & { req: IncomingMessage }) | null };

/** Calls `then` once every request that came whole is answered; at once where a half one's answer has not begun. */
function afterAnswers(socket: ServingSocket, then: () => void): void {
  // oxlint-disable-next-line no-underscore-dangle -- the name is node's own
  const answer = socket._httpMessage;
  if (answer === undefined || answer === null) return then();
  if (answer.req.complete) return void answer.once('finish', () => afterAnswers(socket, then));
  // The answer to a half request has begun: another one behind it would be read as its body.
  if (answer.headersSent) return void socket.destroy();
  then();
}

function answer(status: number, detail: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return answerJson(status, JSON.stringify({ detail }), { ...headers, Connection: 'close' });
}

function textOf({ status, headers, body }: Answer): string {
  const lines = Object.entries({
    ...headers,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
    'Content-Length': String(Buffer.byteLength(body)),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body.toString()}`;
}
