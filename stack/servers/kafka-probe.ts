import { exchange } from './tcp-exchange.ts';

/**
 * How many brokers a Kafka node says its cluster has; 0 while it cannot say. A Metadata request, version 4, for no
 * topics, written by hand so that the stack needs no client: the port alone opens before the broker serves.
 *
 *   request:  size int32, api key int16 = 3, version int16 = 4, correlation int32, client id string,
 *             topics array = 0, create topics boolean = false
 *   response: size int32, correlation int32, throttle int32, brokers array: count int32, ...
 */
export async function kafkaBrokersOf(host: string, port: number): Promise<number> {
  const reply = await exchange(host, port, request, BROKER_COUNT_AT + 4);
  return reply === undefined ? 0 : reply.readInt32BE(BROKER_COUNT_AT);
}

const BROKER_COUNT_AT = 12;
const request = makeRequest('pinflow-stack');

function makeRequest(clientId: string): Buffer {
  const buffer = Buffer.alloc(4 + 2 + 2 + 4 + 2 + clientId.length + 4 + 1);
  buffer.writeInt32BE(buffer.length - 4, 0);
  buffer.writeInt16BE(3, 4);
  buffer.writeInt16BE(4, 6);
  buffer.writeInt16BE(clientId.length, 12);
  buffer.write(clientId, 14, 'latin1');
  return buffer;
}
