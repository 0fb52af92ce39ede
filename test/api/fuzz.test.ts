import { test } from 'node:test';
import { fuzzDoor } from '../fuzz/fuzz-door.ts';

// The same requests each time: a longer run is `npm run fuzz -- --runs 100000 --seed 7`.
const runs = 800;
const seed = 20_261;

test('whatever is sent has one clear answer, and the log holds exactly what was taken', async (t) => {
  t.diagnostic(await fuzzDoor({ runs, seed }));
});
