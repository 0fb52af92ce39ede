import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, textOf, trackedFiles } from '#test/tidy/tracked-files.ts';

const refusalFiles = trackedFiles.filter((path) => /^api\/[\w-]+\/refusals\.ts$/.test(path) && !path.startsWith('api/describe/'));
const descriptions = trackedFiles.filter((path) => /^api\/(describe\/.*|docs\/.*|.*(description|components))\.ts$/.test(path)).map(textOf);

/** Sentences that the document does not show, and why. */
const shownByAnother: Readonly<Record<string, string>> = {
  unknownKey: 'every route that asks for a key would show it: noKey stands for all that a caller may hear with 401',
  endedSession: 'as unknownKey',
  rowTooLarge: 'its example would be larger than the document: the description of the route has the number',
};

test('the document shows every refusal that an area has a sentence for', async () => {
  const unshown: string[] = [];
  assert.ok(refusalFiles.length > 4);
  for (const path of refusalFiles) {
    const exported = Object.entries((await import(join(root, path))) as Record<string, unknown>);
    for (const [name, value] of exported) {
      const isSentence = typeof value === 'function' || (typeof value === 'object' && value !== null && 'reason' in value);
      const use = new RegExp(`\\b${name}\\b`);
      if (isSentence && !(name in shownByAnother) && !descriptions.some((text) => use.test(text))) unshown.push(`${path}: ${name}`);
    }
  }
  assert.deepEqual(unshown, []);
});
