import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openLockedDoor } from '#test/api/access/locked-door.ts';

const door = await openLockedDoor();
after(() => door.close());

describe('a body that is refused', () => {
  const post = async (bytes: number): Promise<Response> => {
    const { key } = await door.makeKey({ scopes: ['append:pin'], eventsPerSecond: 1_000, bytesPerSecond: 1_000_000 });
    return door.ask(key, '/events?kind=pin', {
      method: 'POST',
      body: Buffer.alloc(bytes, 'x'),
      headers: { 'Content-Type': 'application/x-ndjson' },
    });
  };

  test('for our own sake costs nothing: it may be sent again', async () => {
    const held = door.budget.bytesUsed;
    door.budget.bytesUsed = door.budget.bytesMax;
    try {
      const answer = await post(5_000_000);
      assert.equal(answer.status, 503, await answer.text());
      assert.match(answer.headers.get('ratelimit')!, /"bytes";r=1000000;t=0$/);
    } finally {
      door.budget.bytesUsed = held;
    }
  });

  test('because it cannot be unpacked costs what was looked at, though nothing came of it', async () => {
    // Stored blocks of nothing, without an end.
    const nothing = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);
    const packed = Buffer.concat([gzipSync('').subarray(0, 10), ...Array.from({ length: 500_000 }, () => nothing)]);
    const { key } = await door.makeKey({ scopes: ['append:pin'], eventsPerSecond: 1_000, bytesPerSecond: 1_000_000 });
    const answer = await door.ask(key, '/events?kind=pin', {
      method: 'POST',
      body: packed,
      headers: { 'Content-Type': 'application/x-ndjson', 'Content-Encoding': 'gzip' },
    });
    assert.equal(answer.status, 400, await answer.text());
    assert.match(answer.headers.get('ratelimit')!, /"bytes";r=0;t=3$/);
  });

  test('for its size costs no bytes that were only discarded', async () => {
    const answer = await post(30_000_000);
    assert.equal(answer.status, 413, await answer.text());
    assert.match(answer.headers.get('ratelimit')!, /^"events";r=999;t=1, "bytes";r=1000000;t=0$/);
  });
});
