import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cacheFolderOf } from '#adapters/cache-folder.ts';
import { loadConfig } from '#adapters/config.ts';
import { quietLog } from '#test/support/environment.ts';
import { obtainWorkflowCode } from '#workers/workflow-bundle.ts';
import { assertNone } from './tracked-files.ts';

const bytesMax = 4_000_000;

test('no workflow reaches a driver', async () => {
  // The one that workers of these sources run.
  const bundle = await obtainWorkflowCode(cacheFolderOf(loadConfig().cacheHome), quietLog);
  assert.ok('workflowBundle' in bundle && bundle.workflowBundle !== undefined && 'codePath' in bundle.workflowBundle);
  const code = readFileSync(bundle.workflowBundle.codePath, 'utf8');
  // Webpack names every module by its path, in the code and in the source map.
  const modules = new Set([...code.matchAll(/node_modules\/((?:@[\w.-]+\/)?[\w.-]+)\//g)].map(([, name = '']) => name));
  assert.ok(
    modules.has('@temporalio/workflow'),
    'The bundle names no module, so this test proves nothing: did the bundler change how it names them?',
  );
  const allowed = /^(@temporalio\/(workflow|common|proto|worker)|long|ms|nexus-rpc|protobufjs|@protobufjs\/.*|.*-loader|webpack)$/;
  assertNone(
    [...modules].filter((name) => !allowed.test(name)),
    'Whatever a workflow imports is loaded into a sandbox and replayed; import types only:',
  );
  assertNone(
    [
      ...new Set(
        [
          ...code.matchAll(/"\.\/((?:adapters|setup|keys|activities|questions|interventions|workers|api|stack|cli|emulator)\/[\w./-]+)"/g),
        ].map(([, path = '']) => path),
      ),
    ],
    'Workflows import types of activities only, which leave nothing in the bundle:',
  );
  assert.ok(
    code.length < bytesMax,
    `The bundle has ${code.length} characters; more than ${bytesMax} means that something large came in by value.`,
  );
});
