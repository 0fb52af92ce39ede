import type { Socket } from 'node:net';
import { connect } from 'node:net';

/** An answer as it came over the wire. */
export type RawAnswer = { status: number; headers: ReadonlyMap<string, string>; body: Buffer };

/** What came of a connection: every answer that was complete, what was left over, and whether it ended in a reset. */
export type Conversation = { answers: RawAnswer[]; rest: Buffer; wasReset: boolean };

export type Sending = {
  pieces: readonly (string | Buffer)[];
  /** Answers after which the connection is closed from this side; none means that the door closes it. */
  expected?: number;
  /** Half-closes after the last piece. */
  ends?: boolean;
  /** Goes away without a word once everything is written. */
  leaves?: boolean;
  /** The answers have no bodies (HEAD). */
  bodiless?: boolean;
};

const patienceMs = 15_000;

/** Sends bytes as they are over a connection of their own, reading all the while. */
export function converse(
  port: number,
  { pieces, expected, ends = false, leaves = false, bodiless = false }: Sending,
): Promise<Conversation> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, timeout: patienceMs });
    const chunks: Buffer[] = [];
    let wasReset = false;
    socket.on('timeout', () => {
      reject(new Error(`The door said nothing for ${patienceMs} ms to ${describe(pieces)}`));
      socket.destroy();
    });
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (expected !== undefined && readAnswers(Buffer.concat(chunks), bodiless).answers.length >= expected) socket.destroy();
    });
    // A door that answers and closes while a large body is still on its way resets the rest of it.
    socket.on('error', () => {
      wasReset = true;
    });
    socket.on('close', () => resolve({ ...readAnswers(Buffer.concat(chunks), bodiless), wasReset }));
    void write(socket, pieces).then(() => {
      if (leaves) socket.destroy();
      else if (ends) socket.end();
    });
  });
}

async function write(socket: Socket, pieces: readonly (string | Buffer)[]): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    if (socket.write(piece)) continue;
    await new Promise<void>((resolve) => {
      const goOn = (): void => {
        socket.off('drain', goOn).off('close', goOn);
        resolve();
      };
      socket.on('drain', goOn).on('close', goOn);
    });
  }
}

/** Splits what came into answers by their Content-Length, or chunks. Interim answers (100) are passed over. */
function readAnswers(bytes: Buffer, bodiless: boolean): { answers: RawAnswer[]; rest: Buffer } {
  const answers: RawAnswer[] = [];
  let rest = bytes;
  for (;;) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd < 0) return { answers, rest };
    const [first = '', ...lines] = rest.subarray(0, headEnd).toString('latin1').split('\r\n');
    const headers = new Map(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const),
    );
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]);
    const length = bodiless || status === 204 || status === 304 ? 0 : Number(headers.get('content-length') ?? 0);
    const bodyAt = headEnd + 4;
    if (rest.length < bodyAt + length) return { answers, rest };
    if (status !== 100) answers.push({ status, headers, body: rest.subarray(bodyAt, bodyAt + length) });
    rest = rest.subarray(bodyAt + length);
  }
}

/** The first bytes of what was sent, for a person. */
export function describe(pieces: readonly (string | Buffer)[]): string {
  return JSON.stringify(
    pieces
      .map((piece) => piece.toString('latin1').slice(0, 1_000))
      .join('')
      .slice(0, 2_000),
  );
}
