import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { callerEnvironment } from '#adapters/config.ts';
import { openHome } from '#stack/home.ts';
import { chooseIdentity, giveTo } from '#stack/servers/postgres-identity.ts';
import { makeTestFolder } from '#test/support/stack-home.ts';

const isRoot = process.getuid?.() === 0;
const rootOnly = { skip: isRoot ? false : 'only root has to take another identity' };

/** An environment whose `unshare` is refused, as in many containers. */
function withoutNamespaces(): NodeJS.ProcessEnv {
  const folder = makeTestFolder();
  writeFileSync(join(folder, 'unshare'), '#!/bin/sh\nexit 1\n');
  chmodSync(join(folder, 'unshare'), 0o755);
  return { ...callerEnvironment(), PATH: `${folder}:/usr/bin:/bin` };
}

test('an ordinary user runs Postgres as itself', { skip: isRoot ? 'root is another case' : false }, async () => {
  assert.deepEqual((await chooseIdentity('/bin/true', '/', callerEnvironment())).prefix, []);
});

test('where root has no user namespace, another user runs Postgres, and its cluster changes hands', rootOnly, async () => {
  const identity = await chooseIdentity('/bin/true', '/tmp', withoutNamespaces());
  assert.ok(identity.user !== undefined && identity.user.uid > 0);
  const cluster = join(makeTestFolder(), 'postgres');
  mkdirSync(join(cluster, 'base'), { recursive: true });
  giveTo(cluster, identity);
  assert.equal(statSync(join(cluster, 'base')).uid, identity.user.uid);
  chownSync(cluster, 0, 0);
});

test('the user who runs Postgres is let through a home that is private, and sees nothing there', rootOnly, async () => {
  const folder = makeTestFolder();
  chmodSync(folder, 0o755);
  const home = openHome(join(folder, '.pinflow'));
  assert.equal(statSync(home.path).mode & 0o777, 0o700);
  const { user } = await chooseIdentity('/bin/true', home.path, withoutNamespaces());
  const cluster = home.at('postgres');
  mkdirSync(cluster, { mode: 0o700 });
  giveTo(cluster, { prefix: [], owner: user!, user: user! });
  const as = (command: string): number | null => spawnSync('/bin/sh', ['-c', command], { ...user, cwd: '/' }).status;
  assert.equal(as(`ls ${cluster}`), 0);
  assert.notEqual(as(`ls ${home.path}`), 0);
  assert.equal(statSync(home.path).mode & 0o777, 0o710);
  home.close();
  openHome(home.path).close();
  assert.equal(as(`ls ${cluster}`), 0, 'also when another process has opened it since');
});

test('a folder that this user may not enter is one sentence', rootOnly, async () => {
  const closed = join(makeTestFolder(), 'home');
  mkdirSync(closed);
  chmodSync(dirname(closed), 0o700);
  await assert.rejects(
    chooseIdentity('/bin/true', closed, withoutNamespaces()),
    new RegExp(`user .* may not enter ${closed}: run Pinflow as an ordinary user, put`),
  );
});
