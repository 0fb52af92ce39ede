import { connect, constants } from 'node:http2';

const TIMEOUT_MS = 1_000;
const SERVICE = 'temporal.api.workflowservice.v1.WorkflowService';

/**
 * Whether Temporal's frontend says that it serves. The standard gRPC health check over plain HTTP/2, written by hand:
 * a message is a zero byte, its length as int32, and protobuf: request field 1 = service name, response field 1 = 1
 * when it serves.
 */
export function temporalIsReady(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const session = connect(`http://${address}`);
    const settle = (ready: boolean): void => {
      resolve(ready);
      session.destroy();
    };
    session.setTimeout(TIMEOUT_MS, () => settle(false));
    session.on('error', () => settle(false));
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      te: 'trailers',
    });
    const reply: Buffer[] = [];
    stream.on('error', () => settle(false));
    stream.on('data', (chunk: Buffer) => reply.push(chunk));
    stream.on('close', () => settle(Buffer.concat(reply).equals(serving)));
    stream.end(message(Buffer.concat([Buffer.from([0x0a, SERVICE.length]), Buffer.from(SERVICE)])));
  });
}

function message(body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

const serving = message(Buffer.from([0x08, 0x01]));
