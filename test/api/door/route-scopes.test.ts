import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Scope } from '#domain/keys/scopes.ts';
import type { LockedDoor } from '#test/api/access/locked-door.ts';
import { openLockedDoor } from '#test/api/access/locked-door.ts';

const jsonType = 'application/json';

/** One request of each route, what it needs, and whether an answer is in the words of its clients. */
const requests: {
  method: string;
  path: string;
  body?: string;
  needs: Scope;
  isOwnWords: (answer: Record<string, unknown>, status: number) => boolean;
}[] = [
  {
    method: 'PUT',
    path: '/streams/x-geo/record',
    body: '{"Data":{"ind":1,"country":"x"}}',
    needs: 'append:geo',
    isOwnWords: (answer) => String(answer['__type']).endsWith('Exception') && typeof answer['message'] === 'string',
  },
  {
    method: 'PUT',
    path: '/streams/x-user/records',
    body: '{"Records":[{"Data":{"ind":1,"age":5}}]}',
    needs: 'append:user',
    isOwnWords: (answer) => String(answer['__type']).endsWith('Exception'),
  },
  {
    method: 'POST',
    path: '/send_data?topic=x.geo',
    body: '{"idx":1,"country":"x"}',
    needs: 'append:geo',
    isOwnWords: (answer) => typeof answer['detail'] === 'string',
  },
  { method: 'GET', path: '/get_data', needs: 'read', isOwnWords: (answer) => typeof answer['detail'] === 'string' },
  {
    method: 'POST',
    path: '/consumers/g',
    body: '{}',
    needs: 'read',
    isOwnWords: (answer, status) => answer['error_code'] === status * 100 + 1,
  },
  {
    method: 'GET',
    path: '/consumers/g/instances/c/records',
    needs: 'read',
    isOwnWords: (answer, status) => answer['error_code'] === status * 100 + 1,
  },
  {
    method: 'DELETE',
    path: '/consumers/g/instances/c',
    needs: 'read',
    isOwnWords: (answer, status) => answer['error_code'] === status * 100 + 1,
  },
];

describe('routes of all dialects, at a door that asks for keys', () => {
  let door: LockedDoor;
  before(async () => {
    door = await openLockedDoor();
  });
  after(() => door.close());

  for (const { method, path, body, needs, isOwnWords } of requests) {
    test(`${method} ${path} needs ${needs}`, async () => {
      const ask = async (key?: string): Promise<{ status: number; answer: Record<string, unknown> }> => {
        const response = await fetch(door.url + path, {
          method,
          headers: { 'Content-Type': jsonType, ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }) },
          ...(body === undefined ? {} : { body }),
        });
        return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
      };
      const others = (['append:pin', 'append:geo', 'append:user', 'read', 'operate'] as const).filter((scope) => scope !== needs);
      const { key: wrong } = await door.makeKey({ name: `${method} ${path} wrong`, scopes: others });
      const { key: right } = await door.makeKey({ name: `${method} ${path} right`, scopes: [needs] });
      for (const [key, status] of [
        [undefined, 401],
        [wrong, 403],
      ] as const) {
        const said = await ask(key);
        assert.equal(said.status, status, JSON.stringify(said.answer));
        assert.ok(isOwnWords(said.answer, status), JSON.stringify(said.answer));
      }
      const { status, answer } = await ask(right);
      assert.ok(status === 200 || status === 404, JSON.stringify(answer));
    });
  }
});
