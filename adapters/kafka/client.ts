import type { Socket } from 'node:net';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory, Kafka, KafkaConfig, SASLOptions } from 'kafkajs';
import kafkajs from 'kafkajs';
import type { Config } from '#adapters/config.ts';
import { settings } from '#adapters/settings/settings.ts';
import { installRecordBatchEncoder } from '#adapters/kafka/record-batch.ts';
import { installQuietRequestQueue } from '#adapters/kafka/request-queue.ts';
import type { TlsAdvice } from '#adapters/tls.ts';
import { assertNoTlsFiles, readTlsFiles, tlsFailureOf } from '#adapters/tls.ts';
import { Failure } from '#domain/failures.ts';

// The error classes are spread into kafkajs's exports, where Node's ESM loader cannot see their names.
const { KafkaJSError, KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded, logLevel } = kafkajs;

/**
 * Makes the one kafkajs client of a process. It retries within a second (`maxRetryTime` 1 s): with the default of 30 s
 * the door and the readers would lag that long behind a broker that is back.
 */
export function makeKafkaClient(config: Config, clientId: string): Kafka {
  installRecordBatchEncoder();
  installQuietRequestQueue();
  return new kafkajs.Kafka(kafkaOptions(config, clientId));
}

/** A client of its own whose connections can be ended at once, and which never opens another then. */
export type DisposableClient = {
  kafka: Kafka;
  /**
   * Resets its connections: what the other side has not received yet is lost, where an orderly end would still deliver
   * it. What is asked of the client from now on fails.
   */
  destroy(): void;
};

export function makeDisposableClient(config: Config, clientId: string, connect: ConnectSocket = connectTcp): DisposableClient {
  installRecordBatchEncoder();
  installQuietRequestQueue();
  const open = new Map<Socket, Socket>();
  let isDestroyed = false;
  const kafka = new kafkajs.Kafka({
    ...kafkaOptions(config, clientId),
    socketFactory: makeSocketFactory(
      (address) => {
        if (isDestroyed) throw new Error('this client was given up');
        return connect(address);
      },
      (socket, transport) => {
        open.set(socket, transport);
        socket.once('close', () => open.delete(socket));
      },
    ),
  });
  return {
    kafka,
    destroy() {
      isDestroyed = true;
      // One that was ended in good order owes nothing any more; node cannot reset it, and would leave its handle open.
      for (const [socket, transport] of open) {
        if (socket.writableEnded) socket.destroy();
        else transport.resetAndDestroy();
      }
    },
  };
}

/** What the client is made of. */
export function kafkaOptions(config: Config, clientId: string): KafkaConfig {
  const options: KafkaConfig = {
    clientId,
    brokers: [...config.kafkaBrokers],
    ssl: tlsOf(config),
    connectionTimeout: 2_000,
    requestTimeout: 10_000,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 5 },
    logLevel: logLevel.NOTHING,
    socketFactory: makeSocketFactory(connectTcp),
  };
  const { kafkaSaslMechanism: mechanism, kafkaUsername: username, kafkaPassword: password } = config;
  if (mechanism !== undefined) {
    if (username === undefined || password === undefined)
      throw new Failure(
        'configuration',
        `KAFKA_SASL_MECHANISM is ${mechanism}, but KAFKA_USERNAME or KAFKA_PASSWORD is not set: set both.`,
      );
    options.sasl = { mechanism, username, password } as SASLOptions;
  }
  return options;
}

/** @throws Failure `configuration` where a file cannot be used, or files are given for a connection without TLS. */
function tlsOf(config: Config): NonNullable<KafkaConfig['ssl']> {
  const ca = { setting: settings.kafkaTlsCaFile.env, path: config.kafkaTlsCaFile };
  const cert = { setting: settings.kafkaTlsCertFile.env, path: config.kafkaTlsCertFile };
  const key = { setting: settings.kafkaTlsKeyFile.env, path: config.kafkaTlsKeyFile };
  if (config.kafkaTls) return readTlsFiles({ ca, cert, key });
  assertNoTlsFiles(`${settings.kafkaTls.env}=true`, [ca, cert, key]);
  return false;
}

const tlsAdvice: TlsAdvice = {
  server: 'Kafka',
  ca: settings.kafkaTlsCaFile.env,
  use: `${settings.kafkaBrokers.env} and ${settings.kafkaTls.env}`,
  client: `${settings.kafkaTlsCertFile.env} and ${settings.kafkaTlsKeyFile.env}`,
};

const saslSettings = `${settings.kafkaSaslMechanism.env}, ${settings.kafkaUsername.env} and ${settings.kafkaPassword.env}`;

type ConnectSocket = (address: { host: string; port: number }) => Socket;

/**
 * kafkajs's own factory leaves Nagle's algorithm on, which holds small produce requests back on real networks. TLS is put
 * on a connection that is made before it, because only that can be reset.
 */
function makeSocketFactory(connect: ConnectSocket, opened?: (socket: Socket, transport: Socket) => void): ISocketFactory {
  return ({ host, port, ssl, onConnect }) => {
    const transport = connect({ host, port });
    transport.setNoDelay(true);
    transport.setKeepAlive(true, 60_000);
    const socket = ssl
      ? connectTls({ socket: transport, host, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
      : transport.once('connect', onConnect);
    opened?.(socket, transport);
    // kafkajs listens for 'end' and 'error' only: requests on a connection that was reset would wait for their timeout.
    socket.once('close', (hadError) => {
      if (!hadError && !socket.readableEnded) socket.emit('error', new Error('the connection was reset'));
    });
    return socket;
  };
}

/** Translates a kafkajs error into a failure kind; anything else comes back as it is. */
export function toKafkaFailure(error: unknown, doing: string): unknown {
  if (error instanceof Failure || !(error instanceof KafkaJSError)) return error;
  const root = rootOf(error);
  const type = (root as { type?: string }).type;
  const { code } = root as { code?: string };
  const tlsFailure = tlsFailureOf(root, tlsAdvice);
  if (tlsFailure !== undefined) return tlsFailure;
  const message = `Kafka, while ${doing}: ${root.message}${hintFor(root.name, type, code)}`;
  if (type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE' || type === 'CORRUPT_MESSAGE' || type === 'INVALID_RECORD')
    return new Failure('invalid_data', message, { cause: error });
  if (type === 'OFFSET_OUT_OF_RANGE') return new Failure('offset_lost', message, { cause: error });
  if (type?.endsWith('AUTHORIZATION_FAILED') === true || root.name === 'KafkaJSSASLAuthenticationError')
    return new Failure('denied', message, { cause: error });
  if (root.name === 'KafkaJSRequestTimeoutError' || type === 'REQUEST_TIMED_OUT') return new Failure('timeout', message, { cause: error });
  if (
    root instanceof KafkaJSNonRetriableError &&
    !(root instanceof KafkaJSNumberOfRetriesExceeded) &&
    type === undefined &&
    root.name === 'KafkaJSNonRetriableError'
  )
    return error;
  return new Failure('unavailable', message, { cause: error });
}

export function noBrokerAnswers(doing: string, cause?: unknown): Failure {
  return new Failure('unavailable', `Kafka, while ${doing}: no broker answers.`, { cause });
}

/** What kafkajs calls the error that a failure was made of: its type in Kafka's protocol, or its class. Undefined for all else. */
export function kafkaErrorOf(error: unknown): string | undefined {
  const driverError = error instanceof Failure ? error.cause : error;
  if (!(driverError instanceof KafkaJSError)) return undefined;
  const root = rootOf(driverError);
  return (root as { type?: string }).type ?? root.name;
}

/** What to look at where a client and a listener that do not fit show as a closed connection, which may pass as well. */
function hintFor(name: string, type: string | undefined, code: string | undefined): string {
  if (name === 'KafkaJSSASLAuthenticationError') return `. Check ${saslSettings}.`;
  if (type === 'ILLEGAL_SASL_STATE') return `. If it stays so, the listener wants no SASL: check ${saslSettings}.`;
  if (name === 'KafkaJSConnectionClosedError' || code === 'ECONNRESET')
    return `. If it stays so, the listener wants something else: check ${settings.kafkaTls.env} and ${settings.kafkaSaslMechanism.env}.`;
  return '';
}

/** What went wrong first: kafkajs wraps an error once more each time one of its nested retries gives up. */
function rootOf(error: Error): Error {
  return error.cause instanceof KafkaJSError ? rootOf(error.cause) : error;
}
