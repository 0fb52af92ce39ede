import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, mock, test } from 'node:test';
import fc from 'fast-check';
import kafkajs from 'kafkajs';
import kafkajsCrc32c from 'kafkajs/src/protocol/recordBatch/crc32C/index.js';
import kafkajsRecord from 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
import kafkajsBatch from 'kafkajs/src/protocol/recordBatch/v0/index.js';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import { crc32c } from '#adapters/kafka/crc32c.ts';
import type { RecordBatch } from '#adapters/kafka/record-batch.ts';
import { encodeRecordBatch, installRecordBatchEncoder } from '#adapters/kafka/record-batch.ts';
import type { BatchRecord } from '#adapters/kafka/records.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import { readRecords } from '#test/api/read-records.ts';
import { testConfig } from '#test/support/servers.ts';
import { anyCharacter } from '#test/support/any-character.ts';

// Before anything is installed.
const { RecordBatch: kafkajsEncode } = kafkajsBatch;

describe('CRC-32C', () => {
  const known: readonly [bytes: Buffer, checksum: number][] = [
    [Buffer.from(''), 0],
    [Buffer.from('123456789'), 0xe3069283],
    // RFC 3720, B.4.
    [Buffer.alloc(32), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
  ];
  test('is that of the known vectors', () => {
    for (const [bytes, checksum] of known) assert.equal(crc32c(bytes), checksum, bytes.toString('hex'));
  });

  test("is kafkajs's for any bytes, wherever they begin", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(9), fc.nat(9), (bytes, offset, start) => {
        const memory = Buffer.alloc(offset + bytes.length);
        memory.set(bytes, offset);
        const from = Math.min(start, bytes.length);
        assert.equal(crc32c(memory.subarray(offset), from), kafkajsCrc32c(Buffer.from(bytes.subarray(from))));
      }),
    );
  });
});

describe('a record batch', () => {
  const text = fc.oneof(
    fc.string({ unit: anyCharacter, maxLength: 100 }),
    // Lone surrogates, too.
    fc.array(fc.nat(0xffff), { maxLength: 80 }).map((units) => String.fromCharCode(...units)),
    fc.string({ unit: 'binary-ascii', maxLength: 140 }),
  );
  const buffer = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  const big = fc
    .record({ size: fc.constantFrom(8_191, 8_192, 70_000, 1_048_576), byte: fc.nat(255) })
    .map(({ size, byte }) => Buffer.alloc(size, byte));
  const field = fc.oneof(text, buffer);
  const recordsWith = (timestampDelta: fc.Arbitrary<number>): fc.Arbitrary<BatchRecord[]> =>
    fc
      .array(
        fc.record(
          {
            key: fc.option(field),
            value: fc.oneof({ weight: 20, arbitrary: fc.option(field) }, { weight: 1, arbitrary: big }),
            headers: fc.dictionary(text, fc.oneof(field, fc.array(field, { maxLength: 3 })), { maxKeys: 6 }),
            timestampDelta,
          },
          { requiredKeys: [] },
        ),
        { maxLength: 200, size: '+1' },
      )
      .map((records) => records.map((one, i) => ({ ...one, offsetDelta: i })));
  const batch: fc.Arbitrary<RecordBatch> = fc.record(
    {
      compression: fc.constantFrom(0, 0, 0, kafkajs.CompressionTypes.GZIP),
      firstOffset: fc.nat(),
      partitionLeaderEpoch: fc.nat(),
      transactional: fc.boolean(),
      producerId: fc.oneof(fc.bigInt({ min: -1n, max: 2n ** 63n - 1n }).map(String), fc.nat()),
      producerEpoch: fc.integer({ min: -1, max: 32_767 }),
      firstSequence: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
      lastOffsetDelta: fc.integer({ min: -1, max: 1_000 }),
      // Without one, each encoder looks at the clock.
      firstTimestamp: fc.oneof(fc.nat(), fc.maxSafeInteger().map(String)),
      maxTimestamp: fc.oneof(fc.nat(), fc.maxSafeInteger().map(String)),
      records: fc.oneof(
        { weight: 9, arbitrary: recordsWith(fc.integer({ min: -(2 ** 30), max: 2 ** 30 - 1 })) },
        { weight: 1, arbitrary: recordsWith(fc.oneof(fc.maxSafeInteger(), fc.constant(Number.NaN))) },
      ),
    },
    { requiredKeys: ['records', 'firstTimestamp', 'maxTimestamp'] },
  );

  async function asKafkajs(given: RecordBatch): Promise<Buffer> {
    return (await kafkajsEncode({ ...given, records: given.records.map((one) => kafkajsRecord(one)) })).buffer;
  }

  /** Says whether the batch was written by the own encoder: its memory has just the size. */
  async function assertSame(given: RecordBatch): Promise<boolean> {
    const { buf, buffer } = await encodeRecordBatch(given);
    assert.ok(buffer.equals(await asKafkajs(given)));
    return buf.length === buffer.length;
  }

  test("is kafkajs's, byte for byte", async () => {
    let own = 0;
    await fc.assert(
      fc.asyncProperty(batch, async (given) => {
        if (await assertSame(given)) own += 1;
      }),
      { numRuns: 300 },
    );
    assert.ok(own > 100, `only ${own} batches were not left to kafkajs`);
  });

  const stamps = { firstTimestamp: 0, maxTimestamp: 0 };
  const deltas = (...numbers: number[]): BatchRecord[] => numbers.map((timestampDelta) => ({ timestampDelta, value: '' }));
  const cases: { name: string; records: BatchRecord[]; own: boolean }[] = [
    { name: 'no records', records: [], own: true },
    { name: 'a record of nothing', records: [{}], own: true },
    { name: 'many records', records: Array.from({ length: 20_000 }, (_, i) => ({ offsetDelta: i, value: '' })), own: true },
    { name: 'deltas at the limits', records: deltas(2 ** 30 - 1, -(2 ** 30)), own: true },
    { name: 'a delta above the limit', records: deltas(2 ** 30), own: false },
    { name: 'a delta below the limit', records: deltas(-(2 ** 30) - 1), own: false },
  ];
  for (const { name, records, own } of cases)
    test(`is kafkajs's with ${name}`, async () => assert.equal(await assertSame({ ...stamps, records }), own));

  const mistakes: { name: string; record: BatchRecord }[] = [
    { name: 'a number as value', record: { value: 7 } },
    { name: 'a key that is an object', record: { key: {}, value: '' } },
    { name: 'a header of null', record: { value: '', headers: { a: null } } },
    { name: 'a header of undefined among good ones', record: { value: '', headers: { a: ['b', undefined] } } },
    { name: 'headers of null', record: { value: '', headers: null as never } },
  ];
  for (const { name, record } of mistakes) {
    test(`fails as kafkajs's does with ${name}`, async () => {
      const said = await asKafkajs({ ...stamps, records: [record] }).catch((error: unknown) => error);
      assert.ok(said instanceof Error);
      await assert.rejects(encodeRecordBatch({ ...stamps, records: [{ value: 'good' }, record] }), {
        name: said.name,
        message: said.message,
      });
    });
  }
});

describe('the encoder in kafkajs', () => {
  test('refuses another version than its own', () => {
    assert.throws(() => installRecordBatchEncoder('2.3.0'), /kafkajs 2\.2\.4, but found 2\.3\.0/);
    assert.equal(kafkajsBatch.RecordBatch, kafkajsEncode);
  });

  test('refuses a kafkajs that has produced already', () => {
    const script = `
      await import('kafkajs/src/protocol/requests/produce/v3/request.js');
      (await import('#adapters/kafka/record-batch.ts')).installRecordBatchEncoder();`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
    assert.notEqual(status, 0);
    assert.match(stderr, /kafkajs has produced already/);
  });

  test('writes what an idempotent producer sends, and a consumer reads it back', async (t) => {
    const config = await testConfig();
    const kafka = makeKafkaClient(config, 'pinflow-test');
    assert.equal(kafkajsBatch.RecordBatch, encodeRecordBatch);
    makeKafkaClient(config, 'pinflow-test'); // a second client changes nothing
    assert.equal(kafkajsBatch.RecordBatch, encodeRecordBatch);
    // kafkajs takes the function when it first produces: after this.
    const encode = mock.method(kafkajsBatch, 'RecordBatch');
    const topics = makeKafkaTopics(kafka);
    const producer = kafka.producer({ idempotent: true, createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    t.after(async () => {
      encode.mock.restore();
      await producer.disconnect();
      await topics.close();
    });
    const topic = `${config.prefix}encoded`;
    await topics.ensureTopics({ topics: [topic], partitions: 2, replicas: 1 });
    const messages = Array.from({ length: 300 }, (_, i) => ({
      partition: i % 2,
      key: i % 7 === 0 ? null : Buffer.from(`key-${i}`),
      value: i % 11 === 0 ? null : i % 5 === 0 ? '' : Buffer.alloc(i * 3, i % 256),
      headers: { 'event-id': `é-😀-${i}`, kind: Buffer.from('pin'), again: ['one', Buffer.from([0, 255, i % 256])] },
    }));
    await producer.connect();
    // Several requests, so that the sequence numbers go on.
    for (const part of [messages.slice(0, 1), messages.slice(1, 120), messages.slice(120)])
      await producer.sendBatch({ acks: -1, topicMessages: [{ topic, messages: part }] });

    assert.equal(encode.mock.callCount(), 5);
    for (const { arguments: given } of encode.mock.calls) assert.ok('key' in given[0].records[0]!, 'kafkajs encoded a record itself');
    const records = await readRecords(kafka, topics, topic);
    for (const partition of [0, 1]) {
      assert.deepEqual(
        records.filter((record) => record.partition === partition).map(({ key, value, headers }) => ({ key, value, headers })),
        messages
          .filter((message) => message.partition === partition)
          .map(({ key, value, headers }) => ({
            key,
            value: value === '' ? Buffer.alloc(0) : value,
            headers: [
              ['event-id', Buffer.from(headers['event-id'])],
              ['kind', headers.kind],
              ['again', headers.again.map((one) => Buffer.from(one as Buffer))],
            ],
          })),
      );
    }
  });
});
