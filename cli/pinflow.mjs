#!/usr/bin/env node
import { runCommand, runOnNode24 } from '../stack/bootstrap.mjs';

/** `npx pinflow`: on any Node from 18, go on in TypeScript on Node 24. Starting the stack is the stack's own program. */
const [noun, ...rest] = process.argv.slice(2);
const asksForHelp = rest.some((word) => word === '--help' || word === '-h');
if (noun === 'start' && !asksForHelp) await runOnNode24('stack/main.ts', ['start', ...rest]);
else await runCommand('cli/pinflow.ts');
