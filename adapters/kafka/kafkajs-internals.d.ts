/**
 * What record-batch.ts, request-queue.ts, their tests and producer-identity.ts use of the insides of kafkajs 2.2.4, which
 * declares its public face only.
 */
declare module 'kafkajs/src/protocol/encoder.js' {
  class Encoder {
    buf: Buffer;
    offset: number;
    readonly buffer: Buffer;
    constructor(initialSize?: number);
    writeInt8(value: number): this;
    writeInt16(value: number): this;
    writeInt32(value: number): this;
    writeUInt32(value: number): this;
    /** Takes numbers, bigints, decimal strings and kafkajs's Long. */
    writeInt64(value: unknown): this;
  }
  export = Encoder;
}

declare module 'kafkajs/src/protocol/recordBatch/v0/index.js' {
  import type Encoder from 'kafkajs/src/protocol/encoder.js';
  import type { RecordBatch } from '#adapters/kafka/record-batch.ts';
  /** Takes encoded records, or what the encoder of records left as it was. */
  const exports: {
    RecordBatch(this: void, batch: Omit<RecordBatch, 'records'> & { records: object[] }): Promise<Encoder>;
    MAGIC_BYTE: number;
  };
  export = exports;
}

declare module 'kafkajs/src/protocol/recordBatch/record/v0/index.js' {
  import type Encoder from 'kafkajs/src/protocol/encoder.js';
  import type { BatchRecord } from '#adapters/kafka/records.ts';
  function encodeRecord(record: BatchRecord): Encoder;
  export = encodeRecord;
}

declare module 'kafkajs/src/protocol/recordBatch/crc32C/index.js' {
  function crc32C(bytes: Buffer): number;
  export = crc32C;
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  type Sent = { sentAt: number; requestTimeout: number; timeoutRequest(): void };
  type Pushed = { entry: { correlationId: number }; expectResponse: boolean; sendRequest(): void };
  class RequestQueue {
    constructor(options: {
      maxInFlightRequests: number | null;
      requestTimeout: number;
      enforceRequestTimeout: boolean;
      clientId: string;
      broker: string;
      logger: { debug(): void };
    });
    readonly pending: readonly object[];
    readonly inflight: ReadonlyMap<number, Sent>;
    readonly requestTimeout: number;
    readonly enforceRequestTimeout: boolean;
    requestTimeoutIntervalId: NodeJS.Timeout | undefined;
    readonly throttleCheckTimeoutId: NodeJS.Timeout | null;
    push(request: Pushed): void;
    maybeThrottle(ms: number): void;
    checkPendingRequests(): void;
    scheduleCheckPendingRequests(): void;
    scheduleRequestTimeoutCheck(): void;
    isConnected(): boolean;
    destroy(): void;
  }
  export = RequestQueue;
}

declare module 'kafkajs/src/broker/index.js' {
  class Broker {
    /** Also has the fields of Kafka's answer that nobody reads. */
    initProducerId(request: object): Promise<{ producerId: string; producerEpoch: number }>;
  }
  export = Broker;
}
