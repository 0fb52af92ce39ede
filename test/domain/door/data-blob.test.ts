import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOfDataText } from '#domain/door/data-blob.ts';

test('reads base64 in both alphabets, with lines and without padding', () => {
  const seed = Date.now() % 2 ** 31;
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
      const plain = Buffer.from(bytes).toString('base64');
      const spellings = [plain, plain.replaceAll('=', ''), Buffer.from(bytes).toString('base64url'), plain.replaceAll(/(.{4})/g, '$1\n')];
      for (const spelling of spellings) assert.deepEqual(bytesOfDataText(spelling), Buffer.from(bytes), spelling);
    }),
    { seed },
  );
});

test('takes the text of any JSON object as it stands', () => {
  const seed = Date.now() % 2 ** 31;
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (row) => {
      const text = JSON.stringify(row);
      assert.equal(bytesOfDataText(text).toString(), text);
    }),
    { seed },
  );
});
