import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { brotliCompressSync, constants, createZstdCompress, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { BodyEncoding } from '#api/door/decode-body.ts';
import { bodyEncodings } from '#api/door/decode-body.ts';
import { gatherBody } from '#api/door/gather-body.ts';
import type { BodyBudget } from '#api/door/gathering.ts';
import { waitFor } from '#test/support/servers.ts';

const bytesMax = 1_000_000;
const budgetBytesMax = 3_000_000;
const compress: Record<BodyEncoding, (data: Buffer) => Buffer> = {
  gzip: (data) => gzipSync(data),
  deflate: (data) => deflateSync(data),
  zstd: (data) => zstdCompressSync(data),
  br: (data) => brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
};
const text = Buffer.from(Array.from({ length: 8_000 }, (_, i) => `{"ind":${i},"x":"${(i * 7_919) % 10_007}"}`).join('\n'));

type Seen = { status: number; headers: IncomingHttpHeaders; reason: string; decoded: Buffer };

describe('the body of a request', () => {
  const budget: BodyBudget = { bytesUsed: 0, bytesMax: budgetBytesMax };
  let pieces: Buffer[] = [];
  let begun = 0;
  let finished = 0;
  let thrown: Error | undefined;
  let working: Promise<void> | undefined;
  /** How often the reader is behind after each piece, how often it still is, and in which turns it was let go on. */
  let behindTurns = 0;
  let left = 0;
  let turnsOfGoingOn: number[] = [];
  let turn = 0;

  const server = createServer((req, res) => {
    begun += 1;
    gatherBody(
      req,
      (error) => {
        res.statusCode = 500;
        res.end(String(error));
      },
      { limits: { bytesMax, types: new Set(['application/json']), encodings: bodyEncodings }, budget, found: undefined },
      (chunk) => {
        if (thrown !== undefined) throw thrown;
        if (chunk !== undefined) {
          pieces.push(chunk);
          left = behindTurns;
        } else turnsOfGoingOn.push(turn);
        return left-- > 0 ? { rows: 0 } : undefined;
      },
      (refusal, _bytes, closeAfter) => {
        finished += 1;
        res.writeHead(refusal?.status ?? 200, { ...refusal?.headers, ...(closeAfter ? { Connection: 'close' } : {}) });
        res.end(refusal?.reason ?? 'taken');
        return working;
      },
    );
  });
  // Packing a bomb holds this process up for seconds, and the agent goes on with a connection that was ended meanwhile.
  server.keepAliveTimeout = 0;
  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    pieces = [];
    thrown = undefined;
    working = undefined;
    behindTurns = 0;
    turnsOfGoingOn = [];
  });

  function open(encoding: string): ReturnType<typeof request> {
    const { port } = server.address() as AddressInfo;
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': encoding };
    return request({ port, host: '127.0.0.1', method: 'POST', headers });
  }
  /** Sends the parts one by one, each when the one before is out. */
  async function send(encoding: string, parts: readonly Buffer[]): Promise<Seen> {
    const req = open(encoding);
    const answered = once(req, 'response');
    for (const part of parts) await new Promise((resolve) => req.write(part, resolve));
    req.end();
    const [res] = (await answered) as [IncomingMessage];
    let reason = '';
    for await (const chunk of res) reason += String(chunk);
    return { status: res.statusCode!, headers: res.headers, reason, decoded: Buffer.concat(pieces) };
  }

  for (const encoding of bodyEncodings) {
    const whole = compress[encoding](text);

    test(`${encoding} is decoded, whatever pieces it comes in, in pieces that let others go on`, async () => {
      for (const parts of [[whole], [whole.subarray(0, 1), whole.subarray(1, 5_000), whole.subarray(5_000)]]) {
        pieces = [];
        const { status, decoded } = await send(encoding, parts);
        assert.equal(status, 200);
        assert.ok(decoded.equals(text));
        assert.ok(pieces.every(({ length }) => length <= 65_536));
        assert.equal(budget.bytesUsed, 0);
      }
    });

    test(`${encoding} that is cut off or followed by something is broken`, async () => {
      // Its head: zstd and br have no checksum that would tell of damage further on.
      const damaged = Buffer.from(whole);
      for (let i = 0; i < 20; i++) damaged[i]! ^= 0x55;
      const broken: Record<string, Buffer[]> = {
        'without its last byte': [whole.subarray(0, -1)],
        'cut in half': [whole.subarray(0, whole.length >> 1)],
        'one byte': [whole.subarray(0, 1)],
        'with garbage behind it': [Buffer.concat([whole, Buffer.from('garbage')])],
        'with garbage behind it, later': [whole, Buffer.from('garbage')],
        'with zeros behind it': [Buffer.concat([whole, Buffer.alloc(3)])],
        'with zeros behind it, later': [whole, Buffer.alloc(3)],
        'not encoded at all': [text],
        damaged: [damaged],
      };
      for (const [name, parts] of Object.entries(broken)) {
        const { status, reason } = await send(encoding, parts);
        assert.deepEqual([status, reason], [400, 'broken_encoding'], name);
        assert.equal(budget.bytesUsed, 0, name);
      }
    });

    test(`a bomb in ${encoding} is not decoded further than the limit`, async () => {
      const bomb = compress[encoding](Buffer.alloc(200_000_000));
      assert.ok(bomb.length < bytesMax, `${bomb.length}`);
      const rssBefore = process.memoryUsage().rss;
      for (let i = 0; i < 5; i++) {
        pieces = [];
        const { status, reason, decoded } = await send(encoding, [bomb]);
        assert.deepEqual([status, reason], [413, 'body_too_large']);
        assert.ok(decoded.length <= bytesMax, `${decoded.length}`);
        assert.equal(budget.bytesUsed, 0);
      }
      const grownBy = process.memoryUsage().rss - rssBefore;
      assert.ok(grownBy < 100_000_000, `five bombs of 200 MB took ${grownBy} bytes`);
    });

    test(`an empty body in ${encoding} is no broken one`, async () => {
      assert.equal((await send(encoding, [])).status, 200);
    });

    test(`a client that leaves within ${encoding} leaves nothing behind`, async () => {
      const before = { begun, finished };
      const req = open(encoding);
      req.on('error', () => undefined);
      req.write(whole.subarray(0, -100));
      await waitFor(() => begun === before.begun + 1 && budget.bytesUsed > 0, { what: 'the body to be read' });
      req.destroy();
      await waitFor(() => budget.bytesUsed === 0, { what: 'the budget to be given back' });
      assert.equal(finished, before.finished);
    });
  }

  test('a zstd frame may not ask for a window of 16 MB or more', async () => {
    const stream = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: 24 } });
    const parts: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => parts.push(chunk));
    stream.write(text);
    stream.end(text);
    await once(stream, 'end');
    assert.deepEqual((await send('zstd', parts)).reason, 'broken_encoding');
  });

  for (const encoding of ['compress', 'gzip, br', 'identity, gzip', 'gzip;q=1', ''])
    test(`answers 415 to Content-Encoding "${encoding}" and names those it takes`, async () => {
      const { status, reason, headers } = await send(encoding, [text]);
      assert.deepEqual([status, reason], [415, 'unsupported_encoding']);
      assert.equal(headers['accept-encoding'], 'gzip, deflate, zstd, br');
    });

  test('takes names of encodings in any case, and identity', async () => {
    assert.ok((await send('GZip', [compress.gzip(text)])).decoded.equals(text));
    pieces = [];
    assert.ok((await send('Identity', [text])).decoded.equals(text));
  });

  test('a fault while a decoded piece is read is answered, and the next request is served', async () => {
    thrown = new Error('a fault');
    const { status, reason } = await send('gzip', [compress.gzip(text)]);
    assert.deepEqual([status, reason], [500, 'Error: a fault']);
    assert.equal(budget.bytesUsed, 0);
    thrown = undefined;
    assert.equal((await send('gzip', [compress.gzip(text)])).status, 200);
  });

  test('a body that comes at once does not have the loop to itself', async () => {
    // What is read of it between two turns of the loop; the client is held up meanwhile, so that the socket is full.
    const bytesOfTurns: number[] = [];
    let isOver = false;
    const countTurn = (): void => {
      bytesOfTurns.push(pieces.reduce((sum, { length }) => sum + length, 0));
      if (!isOver) setImmediate(countTurn);
    };
    countTurn();
    await send('identity', [Buffer.alloc(990_000)]);
    isOver = true;
    const largest = Math.max(...bytesOfTurns.map((bytes, i) => bytes - (bytesOfTurns[i - 1] ?? 0)));
    assert.ok(largest <= 4 * 65_536, `${largest} bytes in one turn`);
  });

  for (const encoding of ['identity', ...bodyEncodings] as const)
    test(`a reader that is behind in ${encoding} goes on once a turn, before the next piece and before the end`, async () => {
      behindTurns = 5;
      let isOver = false;
      const countTurn = (): void => {
        turn += 1;
        if (!isOver) setImmediate(countTurn);
      };
      countTurn();
      const { status, decoded } = await send(encoding, [encoding === 'identity' ? text : compress[encoding](text)]);
      isOver = true;
      assert.equal(status, 200);
      assert.ok(decoded.equals(text));
      assert.equal(turnsOfGoingOn.length, pieces.length * behindTurns);
      assert.equal(new Set(turnsOfGoingOn).size, turnsOfGoingOn.length, 'the reader went on twice in a turn');
      assert.equal(budget.bytesUsed, 0);
    });

  test('what a body holds counts until its work is settled', async () => {
    let settle = (): void => undefined;
    working = new Promise((resolve) => (settle = resolve));
    await send('identity', [text]);
    assert.equal(budget.bytesUsed, text.length);
    settle();
    await waitFor(() => budget.bytesUsed === 0, { what: 'the budget to be given back' });
  });

  test('decoded bytes beyond the budget of all bodies are refused with 503', async () => {
    const others = budgetBytesMax - 400_000;
    budget.bytesUsed = others;
    try {
      const { status, reason } = await send('gzip', [compress.gzip(Buffer.alloc(900_000))]);
      assert.deepEqual([status, reason], [503, 'overloaded']);
      assert.equal(budget.bytesUsed, others);
    } finally {
      budget.bytesUsed = 0;
    }
  });
});
