import { exchange } from './tcp-exchange.ts';

const PROTOCOL_3_0 = 196_608;
const AUTHENTICATION_REQUEST = 'R';

/**
 * Whether Postgres takes logins: it answers a startup message (length int32, protocol int32, name\0value\0 pairs, \0)
 * with an authentication request. While it recovers it answers with an error instead.
 */
export async function postgresIsReady(host: string, port: number, database: string): Promise<boolean> {
  const body = Buffer.from(`user\0postgres\0database\0${database}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + body.length, 0);
  head.writeInt32BE(PROTOCOL_3_0, 4);
  const reply = await exchange(host, port, Buffer.concat([head, body]), 1);
  return reply?.toString('latin1', 0, 1) === AUTHENTICATION_REQUEST;
}
