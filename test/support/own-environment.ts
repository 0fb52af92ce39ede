import { settings } from '#adapters/settings/settings.ts';

/** What says where things are on this machine, not which servers to use: it holds for every stack that a test starts. */
const ofThisMachine = new Set<string>([settings.cacheHome.env]);

/**
 * The caller's environment for a stack of a test's own: without the servers of `npm test`, which must not count as
 * given, and without the mark of Node's runner, under which a child would report to it.
 */
export function withoutGivenServers(caller: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const given = new Set<string>(Object.values(settings).map(({ env }) => env));
  return Object.fromEntries(
    Object.entries(caller).filter(([name]) => (!given.has(name) || ofThisMachine.has(name)) && name !== 'NODE_TEST_CONTEXT'),
  );
}
