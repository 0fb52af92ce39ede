import { makePythonRandom } from '#emulator/synthetic/python-random.ts';

/** One turn of an emulator: which row it posts, and how long it sleeps before. */
export type Draw = { row: number; sleepMs: number };

/** The course's emulators draw from the first 11,001 rows, however many there are. */
const rowMax = 11_000;
const fractionSeed = 2 ** 32;

/**
 * The endless sequence of a seed, exactly as `random.seed(s)`, then again and again `sleep(randrange(0, 2))` and
 * `randint(0, 11000)` make it in Python: same seed, same rows, at any rate. The coin gives the whole seconds of the
 * sleep; a generator of its own adds the fraction, so that sleeps are uniform over 0 to 2 s.
 */
export function* drawRows(seed: number, rowCount: number): Generator<Draw, never> {
  const random = makePythonRandom(seed);
  const fraction = makePythonRandom(seed + fractionSeed);
  const last = Math.min(rowMax, rowCount - 1);
  for (;;) {
    const coin = random.randrange(2);
    yield { row: random.randint(0, last), sleepMs: (coin + fraction.random()) * 1_000 };
  }
}
