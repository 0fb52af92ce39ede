import { renameSync, writeFileSync } from 'node:fs';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';

/** `node workers/bundle-workflows.ts <entry> <file>`: bundles workflows into a file, which appears as a whole or not at all. */
const [workflowsPath = '', file = ''] = process.argv.slice(2);
const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
const aside = `${file}.${process.pid}`;
writeFileSync(aside, code, { flush: true });
renameSync(aside, file);
