import { runOnNode24 } from '../../stack/bootstrap.mjs';

/** `npm run fuzz`: on any Node from 18, go on in TypeScript on Node 24, with the packages in place. */
await runOnNode24('test/fuzz/main.ts', process.argv.slice(2));
