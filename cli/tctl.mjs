#!/usr/bin/env node
import { runOnNode24 } from '../stack/bootstrap.mjs';

/** `npx tctl`: on any Node from 18, go on in TypeScript on Node 24. */
await runOnNode24('cli/tctl.ts', process.argv.slice(2));
