import { readFileSync } from 'node:fs';
import type { ConstantRate } from '#bench/ingest/constant-rate.ts';
import { runConstantRate } from '#bench/ingest/constant-rate.ts';
import { pinAim } from '#bench/ingest/load.ts';

/** The open-loop generator as a process of its own: url, file of pins, load as JSON. Prints the result as JSON. */
const [url = '', pinsFile = '', load = '{}'] = process.argv.slice(2);
const bodies = readFileSync(pinsFile, 'utf8').trimEnd().split('\n');
process.stdout.write(JSON.stringify(await runConstantRate({ url, ...pinAim }, bodies, JSON.parse(load) as ConstantRate)));
