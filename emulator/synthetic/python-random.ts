/**
 * Python's `random` for integer seeds: the Mersenne Twister MT19937 (M. Matsumoto and T. Nishimura, 2002, `mt19937ar.c`)
 * seeded by `init_by_array` as CPython's `random.seed(int)` does, and CPython's rules for turning its 32-bit words into
 * numbers. The course's emulators draw their rows this way, so the same seed gives the same rows here.
 */
export type PythonRandom = {
  /** A whole number in [0, limit). Python: `randrange(0, limit)`; limit at most 2^32 - 1. */
  randrange(limit: number): number;
  /** A whole number in [low, high]. Python: `randint(low, high)`. */
  randint(low: number, high: number): number;
  /** A double in [0, 1) of 53 bits. Python: `random()`. */
  random(): number;
  /** An unsigned 32-bit word. Python: `getrandbits(32)`. */
  word(): number;
};

const N = 624;
const M = 397;

/** Makes a generator from a non-negative integer seed below 2^53. */
export function makePythonRandom(seed: number): PythonRandom {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`seed ${seed} is not a whole number from 0 to 2^53 - 1`);
  const state = initByArray(keyOf(seed));
  let index = N;

  function word(): number {
    if (index >= N) {
      twist(state);
      index = 0;
    }
    let y = state[index++] as number;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  function randrange(limit: number): number {
    if (!Number.isInteger(limit) || limit < 1 || limit > 0xffffffff) throw new RangeError(`randrange(${limit}): expected 1 to 2^32 - 1`);
    // CPython's _randbelow: as many bits as the limit has, drawn again until the number is below it.
    const bits = 32 - Math.clz32(limit);
    let value = word() >>> (32 - bits);
    while (value >= limit) value = word() >>> (32 - bits);
    return value;
  }

  return {
    word,
    randrange,
    randint: (low, high) => low + randrange(high - low + 1),
    random: () => ((word() >>> 5) * 67_108_864 + (word() >>> 6)) / 9_007_199_254_740_992,
  };
}

/** The seed as 32-bit words, least significant first. */
function keyOf(seed: number): number[] {
  const high = Math.floor(seed / 2 ** 32);
  return high === 0 ? [seed >>> 0] : [seed >>> 0, high];
}

function initByArray(key: number[]): Uint32Array {
  const state = initBySeed(19_650_218);
  const previous = (i: number): number => (state[i - 1] as number) ^ ((state[i - 1] as number) >>> 30);
  let i = 1;
  let j = 0;
  const advance = (): void => {
    if (++i < N) return;
    state[0] = state[N - 1] as number;
    i = 1;
  };
  for (let k = Math.max(N, key.length); k > 0; k--) {
    state[i] = ((state[i] as number) ^ Math.imul(previous(i), 1_664_525)) + (key[j] as number) + j;
    j = (j + 1) % key.length;
    advance();
  }
  for (let k = N - 1; k > 0; k--) {
    state[i] = ((state[i] as number) ^ Math.imul(previous(i), 1_566_083_941)) - i;
    advance();
  }
  state[0] = 0x80000000;
  return state;
}

function initBySeed(seed: number): Uint32Array {
  const state = new Uint32Array(N);
  state[0] = seed;
  for (let i = 1; i < N; i++) state[i] = Math.imul(1_812_433_253, (state[i - 1] as number) ^ ((state[i - 1] as number) >>> 30)) + i;
  return state;
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < N; i++) {
    const y = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % N] as number) & 0x7fffffff);
    state[i] = (state[(i + M) % N] as number) ^ (y >>> 1) ^ ((y & 1) === 0 ? 0 : 0x9908b0df);
  }
}
