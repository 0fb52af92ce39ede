import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Config } from '#adapters/config.ts';
import type { S3 } from '#adapters/s3.ts';
import { makeS3 } from '#adapters/s3.ts';
import { testConfig } from '#test/support/servers.ts';
import { findFreePorts } from '#stack/free-ports.ts';

/** What a server must do to be Pinflow's S3; also what the adapter makes of its answers. */
describe('S3', () => {
  let config: Config;
  let s3: S3;
  before(async () => {
    config = await testConfig();
    s3 = makeS3(config, `pinflow-test-${randomUUID()}`);
    await s3.ensureBucket();
  });
  after(async () => {
    await s3.delete((await s3.list('')).map(({ key }) => key));
    s3.close();
  });

  test('a bucket that is there already is fine', () => s3.ensureBucket());

  const keys = ['plain', 'a folder/with blanks', 'dt=2026-01-01/a+b', 'ünïcode/ключ', "quote'and&amp"];
  for (const key of keys) {
    test(`bytes come back as they were under ${JSON.stringify(key)}`, async () => {
      const bytes = randomBytes(100_000);
      await s3.put(key, bytes);
      assert.ok((await s3.get(key)).equals(bytes));
      assert.deepEqual(await s3.head(key), { bytes: bytes.length });
    });
  }

  test('an empty object is an object', async () => {
    await s3.put('empty', Buffer.alloc(0));
    assert.equal((await s3.get('empty')).length, 0);
  });

  test('files stream up and down', async () => {
    const bytes = randomBytes(12 * 1_048_576);
    const [up, down] = [join(config.home, 'up'), join(config.home, 'down')];
    await writeFile(up, bytes);
    assert.deepEqual(await s3.upload(up, 'streamed'), { bytes: bytes.length });
    await s3.download('streamed', down);
    assert.ok((await readFile(down)).equals(bytes));
  });

  test('of twenty that create the same object one wins, ten times over', async () => {
    for (let round = 0; round < 10; round++) {
      const results = await Promise.all(Array.from({ length: 20 }, (_, i) => s3.putIfAbsent(`race/${round}`, Buffer.from(String(i)))));
      assert.equal(results.filter((result) => result === 'created').length, 1);
      const winner = results.indexOf('created');
      assert.equal((await s3.get(`race/${round}`)).toString(), String(winner));
    }
  });

  test('listing goes on beyond a page', async () => {
    const names = Array.from({ length: 1_005 }, (_, i) => `many/${String(i).padStart(4, '0')}`);
    for (let i = 0; i < names.length; i += 50) await Promise.all(names.slice(i, i + 50).map((name) => s3.put(name, Buffer.from('x'))));
    assert.deepEqual(
      (await s3.list('many/')).map(({ key }) => key),
      names,
    );
    await s3.delete(names);
    assert.deepEqual(await s3.list('many/'), []);
  });

  test('what is missing is a Failure of that kind, or undefined where it is only looked at', async () => {
    await assert.rejects(s3.get('nowhere'), { kind: 'missing', message: /nowhere/ });
    await assert.rejects(s3.download('nowhere', join(config.home, 'never')), { kind: 'missing' });
    assert.equal(await s3.head('nowhere'), undefined);
    await assert.rejects(makeS3(config, `pinflow-test-${randomUUID()}`).get('x'), { kind: 'missing' });
    await s3.delete(['nowhere']);
  });

  test('wrong keys are denied, an unreachable server is unavailable, half a key pair a wrong setting', async () => {
    await assert.rejects(makeS3({ ...config, s3SecretAccessKey: 'wrong' }, s3.bucket).get('plain'), {
      kind: 'denied',
      message: /S3_SECRET_ACCESS_KEY/,
    });
    const [port] = await findFreePorts(1);
    await assert.rejects(makeS3({ ...config, s3Endpoint: `http://127.0.0.1:${port}` }, s3.bucket).get('plain'), {
      kind: 'unavailable',
      message: /is it running/,
    });
    assert.throws(() => makeS3({ ...config, s3SecretAccessKey: undefined }, s3.bucket), { kind: 'configuration' });
  });
});
