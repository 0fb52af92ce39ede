import { fuzzDoor } from './fuzz-door.ts';

const [runs, seed] = process.argv.slice(2).map(Number);
const found = await fuzzDoor({ runs: runs!, seed: seed! });
process.stdout.write(`${found}\n`);
