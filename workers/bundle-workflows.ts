import { writeFileSync } from 'node:fs';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';

/** `node workers/bundle-workflows.ts <entry> <file>`: bundles workflows into a file; where it fails a part of it may be there. */
const [workflowsPath = '', file = ''] = process.argv.slice(2);
const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
writeFileSync(file, code, { flush: true });
