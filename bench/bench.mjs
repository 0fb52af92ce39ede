import { runOnNode24 } from '../stack/bootstrap.mjs';

/** `npm run bench`: on any Node from 18, go on in TypeScript on Node 24, with the packages in place. */
await runOnNode24('bench/main.ts', process.argv.slice(2));
