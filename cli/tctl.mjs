#!/usr/bin/env node
import { runCommand } from '../stack/bootstrap.mjs';

/** `npx tctl`: on any Node from 18, go on in TypeScript on Node 24. */
await runCommand('cli/tctl.ts');
