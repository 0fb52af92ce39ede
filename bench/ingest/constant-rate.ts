import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Aim, LoadResult } from '#bench/ingest/load.ts';
import { percentile } from '#bench/measure/numbers.ts';

/**
 * The open-loop generator: requests are due at fixed times whatever the server does, and a latency counts from the time
 * at which the request was due, so that a stall shows in everything that it delayed (no coordinated omission). HTTP by
 * hand on sockets, because node:http would cost more than most of the servers that are measured.
 *
 *   answer: `HTTP/1.1 <status> ...` CRLF headers, among them Content-Length, CRLF CRLF body
 */
export type ConstantRate = {
  /** Requests a second. */
  rate: number;
  seconds: number;
  /** Before `seconds`, at the same rate and not part of the latencies. */
  warmUpSeconds: number;
  connections: number;
};

/** How long the last answers are waited for. */
const patienceMs = 10_000;
const tickMs = 1;
const headEnd = Buffer.from('\r\n\r\n');
const lengthPattern = /\r\ncontent-length: *(\d+)/i;

/** A connection, and the due time of what it waits for. */
type Line = { socket: Socket; dueMs: number | undefined; received: Buffer | undefined };

/** @param bodies are sent in turn. Counts in the result include the warm-up, latencies do not. */
export async function runConstantRate(
  { url, path, contentType }: Omit<Aim, 'linesPerRequest'>,
  bodies: readonly string[],
  load: ConstantRate,
): Promise<LoadResult> {
  const { hostname, port } = new URL(url);
  const requests = bodies.map((body) => makeRequest(hostname, path, contentType, Buffer.from(body)));
  const intervalMs = 1_000 / load.rate;
  const total = Math.round(load.rate * (load.warmUpSeconds + load.seconds));
  const measuredFrom = Math.round(load.rate * load.warmUpSeconds);
  const latencies = new Float64Array(total - measuredFrom);
  const counts = { sent: 0, answered: 0, refused: 0, failed: 0, measured: 0 };
  const free: Line[] = [];
  let startedAt = 0;
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });

  const sendDue = (): void => {
    const dueCount = Math.min(total, Math.floor((performance.now() - startedAt) / intervalMs) + 1);
    while (counts.sent < dueCount) {
      const line = free.pop();
      if (line === undefined) return;
      line.dueMs = startedAt + counts.sent * intervalMs;
      line.socket.write(requests[counts.sent % requests.length]!);
      counts.sent += 1;
    }
  };

  const settle = (line: Line, kind: 'answered' | 'refused' | 'failed'): void => {
    const { dueMs } = line;
    line.dueMs = undefined;
    counts[kind] += 1;
    if (kind !== 'failed' && dueMs !== undefined && dueMs >= startedAt + measuredFrom * intervalMs)
      latencies[counts.measured++] = performance.now() - dueMs;
    if (counts.sent === total && counts.answered + counts.refused + counts.failed >= total) finish();
  };

  const lines = await Promise.all(Array.from({ length: load.connections }, () => open(hostname, Number(port))));
  for (const line of lines) {
    free.push(line);
    line.socket.on('data', (chunk: Buffer) => {
      line.received = line.received === undefined ? chunk : Buffer.concat([line.received, chunk]);
      const answer = readAnswer(line.received);
      if (answer === undefined) return;
      line.received = undefined;
      settle(line, answer.status >= 200 && answer.status < 300 ? 'answered' : 'refused');
      free.push(line);
      sendDue();
    });
    line.socket.on('close', () => {
      const at = free.indexOf(line);
      if (at >= 0) free.splice(at, 1);
      if (line.dueMs !== undefined) settle(line, 'failed');
    });
  }
  startedAt = performance.now();
  const ticks = setInterval(sendDue, tickMs);
  const giveUp = setTimeout(finish, (load.warmUpSeconds + load.seconds) * 1_000 + patienceMs);
  await finished;
  clearInterval(ticks);
  clearTimeout(giveUp);
  const seconds = (performance.now() - startedAt) / 1_000;
  for (const { socket } of lines) socket.destroy();
  const sorted = latencies.subarray(0, counts.measured).sort();
  return {
    seconds,
    answered: counts.answered,
    refused: counts.refused,
    // What was due and never got a connection failed too.
    failed: total - counts.answered - counts.refused,
    uncountedMax: 0,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    maxMs: percentile(sorted, 1),
  };
}

function makeRequest(host: string, path: string, contentType: string, body: Buffer): Buffer {
  const head = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

function open(host: string, port: number): Promise<Line> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true }, () => {
      socket.off('error', reject);
      // The 'close' that follows settles what was waited for.
      socket.on('error', () => undefined);
      resolve({ socket, dueMs: undefined, received: undefined });
    });
    socket.once('error', reject);
  });
}

/** The status of a whole answer, or undefined while a part is missing. @throws Error for an answer without a length. */
function readAnswer(received: Buffer): { status: number } | undefined {
  const end = received.indexOf(headEnd);
  if (end < 0) return undefined;
  const head = received.toString('latin1', 0, end);
  const length = lengthPattern.exec(head)?.[1];
  if (length === undefined) throw new Error('An answer without Content-Length came; this generator reads no other.');
  return received.length < end + headEnd.length + Number(length) ? undefined : { status: Number(head.slice(9, 12)) };
}
