import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { bodyEncodings } from '#api/door/decode-body.ts';
import { eventsAnswer } from '#domain/schemas/events.ts';
import type { OpenDoor } from '#test/api/open-door.ts';
import { openDoor } from '#test/api/open-door.ts';
import { readRecords } from '#test/api/read-records.ts';

const compress = { gzip: gzipSync, deflate: deflateSync, zstd: zstdCompressSync, br: brotliCompressSync };
const ndjson = 'application/x-ndjson';

describe('POST /events, compressed', () => {
  let door: OpenDoor;
  before(async () => {
    door = await openDoor();
  });
  after(() => door.close());

  const send = (body: Buffer, encoding: string, path = '/events?kind=geo'): Promise<Response> =>
    fetch(door.url + path, {
      method: 'POST',
      body: new Uint8Array(body),
      headers: { 'Content-Type': ndjson, 'Content-Encoding': encoding },
    });
  const count = async (): Promise<number> =>
    (await door.topics.fetchOffsets(door.names.topicOf('geo'))).reduce((sum, { low, high }) => sum + high - low, 0);

  for (const encoding of bodyEncodings) {
    test(`takes rows in ${encoding}; the log has them as they were before it`, async () => {
      const values = Array.from({ length: 3_000 }, (_, i) => `{"ind":${i},"country":"${encoding} é ${i * 7_919}"}`);
      const response = await send(compress[encoding](Buffer.from(values.join('\n'))), encoding);
      const answer = eventsAnswer.parse(await response.json());
      assert.deepEqual([response.status, answer.accepted], [200, values.length]);
      const records = await readRecords(door.kafka, door.topics, door.names.topicOf('geo'));
      const places = new Map(records.map(({ partition, offset, value }) => [`${partition}/${offset}`, value!.toString()]));
      for (const { position, partition, offset } of answer.receipts!) assert.equal(places.get(`${partition}/${offset}`), values[position]);
    });

    test(`sends nothing of a body in ${encoding} that is broken or larger than 10 MB`, async () => {
      const before = await count();
      const whole = compress[encoding](Buffer.from(Array.from({ length: 9_000 }, (_, i) => `{"ind":${i}}`).join('\n')));
      const large = compress[encoding](Buffer.from(`{"ind":1}\n${' '.repeat(10_485_760)}`));
      for (const [body, status, reason] of [
        [whole.subarray(0, -5), 400, 'broken_encoding'],
        [large, 413, 'body_too_large'],
      ] as const) {
        const response = await send(body, encoding);
        const { error } = (await response.json()) as { error: { reason: string; message: string } };
        assert.deepEqual([response.status, error.reason], [status, reason]);
        if (status === 413) assert.match(error.message, /decoded/);
      }
      assert.equal(await count(), before);
    });
  }

  test('takes 10 MB to the byte, as sent and as decoded', async () => {
    const body = Buffer.from('{"ind":1}\n'.padEnd(10_485_760, ' '));
    for (const [encoding, sent] of [
      ['identity', body],
      ['gzip', gzipSync(body)],
    ] as const)
      assert.equal((await send(sent, encoding)).status, 200, encoding);
    const large = await send(Buffer.concat([body, Buffer.from(' ')]), 'identity');
    assert.deepEqual([large.status, ((await large.json()) as { error: { reason: string } }).error.reason], [413, 'body_too_large']);
  });

  test('sends nothing of a body whose client leaves before its end', async () => {
    const before = await count();
    const rows = gzipSync(Array.from({ length: 2_000 }, (_, i) => `{"ind":${i}}`).join('\n'));
    const { port } = new URL(door.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      `POST /events?kind=geo HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${ndjson}\r\nContent-Encoding: gzip\r\nContent-Length: ${rows.length + 1}\r\n\r\n`,
    );
    socket.write(rows);
    // Each whole request in between is answered after the door has dealt with what came before it.
    assert.equal((await send(gzipSync('{"ind":1}'), 'gzip')).status, 200);
    socket.destroy();
    assert.equal((await send(gzipSync('{"ind":1}'), 'gzip')).status, 200);
    assert.equal(await count(), before + 2);
  });

  test('other routes take no encoding', async () => {
    for (const path of ['/pin/', '/topics/x.geo']) assert.equal((await send(gzipSync('{}'), 'gzip', path)).status, 415);
  });
});
