import { createRequire } from 'node:module';
import Encoder from 'kafkajs/src/protocol/encoder.js';
import encodeRecord from 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
import recordBatch from 'kafkajs/src/protocol/recordBatch/v0/index.js';
import { crc32c } from '#adapters/kafka/crc32c.ts';
import { assertKnownKafkajs } from '#adapters/kafka/kafkajs-version.ts';
import type { BatchRecord } from '#adapters/kafka/records.ts';
import { measureRecords, writeRecords } from '#adapters/kafka/records.ts';

/** What kafkajs's produce request says of a batch; 64-bit numbers come as numbers, decimal strings or kafkajs's Long. */
export type RecordBatch = {
  compression?: number;
  firstOffset?: unknown;
  firstTimestamp?: unknown;
  maxTimestamp?: unknown;
  partitionLeaderEpoch?: number;
  lastOffsetDelta?: number;
  transactional?: boolean;
  producerId?: unknown;
  producerEpoch?: number;
  firstSequence?: number;
  records: BatchRecord[];
};

/** Where parts of a batch end or begin, in bytes. */
const lengthEnd = 12;
const checksumEnd = 21;
const recordsOffset = 61;
const transactionalMask = 16;
const { cache, resolve } = createRequire(import.meta.url);
/** kafkajs's own, as it was before anything was replaced. */
const original = { encodeRecord, encodeBatch: recordBatch.RecordBatch };

/**
 * Makes kafkajs write its record batches with this file's encoder: the same bytes at a tenth of the time. kafkajs loads
 * its produce request when it first produces and keeps the two functions that it finds then, so it is enough that this
 * runs before, not before kafkajs is imported. Any further call does nothing.
 * @throws Error where kafkajs is not the version whose insides this file knows, or has produced already; kafkajs is then
 *   left as it is.
 */
export function installRecordBatchEncoder(version?: string): void {
  assertKnownKafkajs('adapters/kafka/record-batch.ts', 'kafkajs/src/protocol/recordBatch and requests/produce/v3', version);
  if (recordBatch.RecordBatch === encodeRecordBatch) return;
  if (cache[resolve('kafkajs/src/protocol/requests/produce/v3/request.js')] !== undefined)
    throw new Error('kafkajs has produced already, with its own encoder: make every client with makeKafkaClient, before the first record.');
  cache[resolve('kafkajs/src/protocol/recordBatch/record/v0/index.js')]!.exports = handOn;
  recordBatch.RecordBatch = encodeRecordBatch;
}

/** In the place of kafkajs's encoder of one record: the batch is written as a whole. */
function handOn(record: BatchRecord): BatchRecord {
  return record;
}

/**
 * A record batch (magic 2) as kafkajs encodes it, byte for byte, sized first and written once. Compressed batches and
 * unusual records are left to kafkajs.
 */
export async function encodeRecordBatch(batch: RecordBatch): Promise<Encoder> {
  const { records, compression = 0, firstOffset = 0, firstTimestamp = Date.now(), maxTimestamp = Date.now() } = batch;
  const { partitionLeaderEpoch = 0, lastOffsetDelta = 0, producerId = -1, producerEpoch = 0, firstSequence = 0 } = batch;
  const measured = compression === 0 ? measureRecords(records) : undefined;
  if (measured === undefined) return original.encodeBatch({ ...batch, records: records.map((record) => original.encodeRecord(record)) });
  const totalBytes = recordsOffset + measured.totalBytes;
  const encoder = new Encoder(1);
  encoder.buf = Buffer.allocUnsafe(totalBytes);
  // These fields come once a batch: kafkajs's encoder knows all that it takes for a 64-bit number.
  encoder
    .writeInt64(firstOffset)
    .writeInt32(totalBytes - lengthEnd)
    .writeInt32(partitionLeaderEpoch)
    .writeInt8(recordBatch.MAGIC_BYTE)
    .writeUInt32(0) // the checksum of all that follows
    .writeInt16(batch.transactional ? transactionalMask : 0)
    .writeInt32(lastOffsetDelta)
    .writeInt64(firstTimestamp)
    .writeInt64(maxTimestamp)
    .writeInt64(producerId)
    .writeInt16(producerEpoch)
    .writeInt32(firstSequence)
    .writeInt32(records.length);
  writeRecords(encoder.buf, recordsOffset, records, measured);
  encoder.buf.writeUInt32BE(crc32c(encoder.buf, checksumEnd), checksumEnd - 4);
  encoder.offset = totalBytes;
  return encoder;
}
