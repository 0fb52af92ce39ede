import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { startMeter } from '#bench/measure/meter.ts';
import { cpuSecondsOf, hasProc, listenerOf, memoryOf, treesOf } from '#bench/measure/processes.ts';
import { waitFor } from '#test/support/servers.ts';

const skip = hasProc() ? false : 'this system has no /proc';
/** Busy until somebody kills it, or a minute after who should have is gone. */
const busy = 'const end = Date.now() + 60_000; while (Date.now() < end);';

test('a tree is a process with all below it, and its CPU time is that of all', { skip }, async () => {
  const shell = spawn('sh', ['-c', `"${process.execPath}" -e "${busy}" & wait`], { detached: true });
  const root = shell.pid!;
  try {
    await waitFor(() => cpuSecondsOf([root]) > 0.2, { what: 'the child of the shell to use its core' });
    const tree = treesOf([root]);
    assert.equal(tree.length, 2);
    assert.ok(tree.some(({ parent }) => parent === root));
    assert.ok(memoryOf([root]).rssBytes > 1e7);
    assert.deepEqual(treesOf([root, tree[1]!.pid]).length, 2, 'a root below another root counts once');
  } finally {
    process.kill(-root, 'SIGKILL');
  }
});

test('what neither server, broker nor generator used is foreign', { skip }, async () => {
  // In a group of its own, and waited for by nobody here: like any other program on the machine.
  const other = spawn('sh', ['-c', `"${process.execPath}" -e "${busy}" & echo $!`], { detached: true });
  const [[line]] = (await Promise.all([once(other.stdout, 'data'), once(other, 'exit')])) as [[Buffer], unknown];
  const pid = Number(line.toString());
  try {
    const stop = startMeter({ server: [process.pid], broker: [] });
    const before = cpuSecondsOf([pid]);
    await waitFor(() => cpuSecondsOf([pid]) - before > 0.3, { what: 'the other process to use its core' });
    const { foreignCores, wallS } = stop();
    assert.ok(foreignCores! * wallS >= 0.25, `${foreignCores} cores in ${wallS} s`);
  } finally {
    process.kill(pid, 'SIGKILL');
  }
});

test('a port leads to the process that listens on it', { skip }, async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  assert.equal(listenerOf(port), process.pid);
  server.close();
  await once(server, 'close');
  assert.equal(listenerOf(port), undefined);
});
