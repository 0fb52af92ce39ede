import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hop } from '#domain/door/forwarded.ts';
import { parseForwarded, parseXForwarded } from '#domain/door/forwarded.ts';

describe('Forwarded', () => {
  const cases: [text: string, hops: Hop[]][] = [
    ['', [{}]],
    ['for=192.0.2.60;proto=http;by=203.0.113.43', [{ address: '192.0.2.60', proto: 'http' }]],
    ['For="[2001:db8:cafe::17]:4711"', [{ address: '2001:db8:cafe::17' }]],
    ['for=192.0.2.43:80, for=198.51.100.17', [{ address: '192.0.2.43' }, { address: '198.51.100.17' }]],
    ['for=_hidden, for=unknown;host="a.example:8443"', [{ address: '_hidden' }, { address: 'unknown', host: 'a.example:8443' }]],
    ['for="a, for=b" ; PROTO=HTTPS', [{ address: 'a, for=b', proto: 'https' }]],
    ['for="a\\"b\\\\"', [{ address: 'a"b\\' }]],
    [',for=a,', [{}, { address: 'a' }, {}]],
    ['for=a for=b', []],
    ['for="a', []],
    ['for=[::1]:8', [{ address: '::1' }]],
  ];
  for (const [text, hops] of cases) test(JSON.stringify(text), () => assert.deepEqual(parseForwarded(text), hops));

  test('of which the last twenty count', () => {
    const hops = parseForwarded(Array.from({ length: 2_000 }, (_, i) => `for=h${i}`).join(','));
    assert.equal(hops.length, 20);
    assert.equal(hops.at(-1)?.address, 'h1999');
  });
});

describe('X-Forwarded-For, -Proto and -Host', () => {
  const cases: [texts: Parameters<typeof parseXForwarded>[0], hops: Hop[]][] = [
    [{}, []],
    [{ for: '192.0.2.1' }, [{ address: '192.0.2.1' }]],
    [
      { for: '192.0.2.1:80 , [2001:db8::1]:80, 2001:db8::2' },
      [{ address: '192.0.2.1' }, { address: '2001:db8::1' }, { address: '2001:db8::2' }],
    ],
    [
      { for: 'a, b', proto: 'https', host: 'x, y' },
      [
        { address: 'a', host: 'x' },
        { address: 'b', proto: 'https', host: 'y' },
      ],
    ],
    [{ proto: 'https' }, [{ proto: 'https' }]],
    [{ for: 'a,,b' }, [{ address: 'a' }, {}, { address: 'b' }]],
  ];
  for (const [texts, hops] of cases) test(JSON.stringify(texts), () => assert.deepEqual(parseXForwarded(texts), hops));
});
