import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unknownKind } from '#api/answers/refusal.ts';

const about = 'Topic not found. Its name must end in pin, pins, geo, user or users after `.`, `-` or `_`, or be';

test('a name that tells no kind is answered with what does: endings and up to 20 names', () => {
  const say = (count: number): string =>
    unknownKind('Topic', new Map(Array.from({ length: count }, (_, i) => [`name-${i}`, 'pin']))).message;
  assert.equal(say(0), `${about} listed in INGEST_NAME_KINDS`);
  assert.equal(say(2), `${about} one of name-0, name-1`);
  assert.match(say(20), /name-18, name-19$/);
  assert.match(say(23), /name-19 and 3 more$/);
});
