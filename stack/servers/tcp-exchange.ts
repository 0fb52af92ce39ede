import { connect } from 'node:net';

const TIMEOUT_MS = 1_000;

/**
 * Sends bytes and resolves with the answer as soon as it has `bytesMin` bytes; undefined when nobody listens or the
 * answer does not come within a second.
 */
export function exchange(host: string, port: number, request: Buffer, bytesMin: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true });
    let reply = Buffer.alloc(0);
    const settle = (): void => {
      resolve(reply.length >= bytesMin ? reply : undefined);
      socket.destroy();
    };
    socket.setTimeout(TIMEOUT_MS, settle);
    // Refused or reset: `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', settle);
    socket.on('connect', () => socket.write(request));
    socket.on('data', (chunk: Buffer) => {
      reply = Buffer.concat([reply, chunk]);
      if (reply.length >= bytesMin) settle();
    });
  });
}
