import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openDuckdb } from '#adapters/duckdb/connection.ts';
import { cleaningMacros } from '#adapters/duckdb/sql-files.ts';

/** The rule in plain TypeScript: exact decimals, halves up, within BIGINT. */
function countOracle(text: string): bigint | null {
  const match = /^([0-9]+)(?:\.([0-9]+))?([kKmMbB]?)$/.exec(text);
  if (match === null) return null;
  const [, whole, fraction = '', suffix] = match;
  const factor = { '': 1n, k: 1_000n, m: 1_000_000n, b: 1_000_000_000n }[suffix!.toLowerCase()]!;
  const scale = 10n ** BigInt(fraction.length);
  const count = (BigInt(whole! + fraction) * factor * 2n + scale) / (2n * scale);
  return count <= 9223372036854775807n ? count : null;
}

test('count_of agrees with exact decimals', async () => {
  const seed = Date.now() % 2 ** 31;
  const duckdb = await openDuckdb({ threads: 1, memoryLimit: '256MB' });
  await duckdb.run(cleaningMacros());
  const digits = (maxLength: number) => fc.string({ unit: fc.constantFrom(...'0123456789'.split('')), minLength: 1, maxLength });
  const text = fc.oneof(
    fc
      .tuple(
        fc.oneof(digits(12), digits(45), fc.bigInt({ min: 9223372036854775700n, max: 9223372036854775900n }).map(String)),
        fc.option(digits(14)),
        fc.constantFrom('', 'k', 'K', 'm', 'M', 'b', 'B', 'x'),
      )
      .map(([whole, fraction, suffix]) => `${whole}${fraction === null ? '' : `.${fraction}`}${suffix}`),
    fc.string({ unit: fc.constantFrom(...'0159.kKmMbB+-e_, x'.split('')), maxLength: 8 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 200, maxLength: 400 }), async (texts) => {
      const rows = await duckdb.rows(
        `SELECT count_of(t)::VARCHAR AS count FROM (SELECT unnest([${texts.map((one) => `'${one}'`).join()}]::VARCHAR[]) AS t)`,
      );
      assert.deepEqual(
        rows.map(({ count }) => count),
        texts.map((one) => countOracle(one)?.toString() ?? null),
      );
    }),
    { numRuns: 20, seed, endOnFailure: true },
  );
  duckdb.close();
});
