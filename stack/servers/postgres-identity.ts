import { chmodSync, chownSync, lstatSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isOurs } from '#adapters/private-folder.ts';
import { Failure } from '#domain/failures.ts';
import { findOnPath } from '../tools/find-on-path.ts';
import type { Program } from '../tools/run-program.ts';
import { runProgram } from '../tools/run-program.ts';

/** As whom Postgres runs: words before the command, or another user's ids; and whose its files are. */
export type Identity = { prefix: readonly string[]; user?: { uid: number; gid: number }; owner: { uid: number; gid: number } };

type Account = { name: string; uid: number; gid: number };

/**
 * Postgres refuses to run as root. Root therefore looks like an ordinary user to it, in a user namespace: that adds no
 * system user, and root keeps its rights, so that a home below a folder that only root may enter works. Where the system
 * allows no namespaces (many containers), Postgres runs as another user, who must be able to enter the folders.
 * @throws Failure `configuration` when neither works.
 */
export async function chooseIdentity(postgres: string, home: string, environment: NodeJS.ProcessEnv): Promise<Identity> {
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (own.uid !== 0) return { prefix: [], owner: own };
  const accounts = accountsOf(readFileSync('/etc/passwd', 'utf8'));
  const inNamespace = namespacePrefix(accounts, environment);
  if (inNamespace.length > 0 && (await succeeds(inNamespace, [postgres, '--version'], environment)))
    return { prefix: inNamespace, owner: own };

  const other =
    accounts.find((account) => account.name === 'postgres') ?? accounts.find((account) => account.name === 'nobody') ?? accounts[0];
  if (other === undefined) throw impossible('there is no other user in /etc/passwd');
  const user = { uid: other.uid, gid: other.gid };
  letPass(home, user.gid);
  for (const [command, place] of [
    [[postgres, '--version'], postgres],
    [['/bin/sh', '-c', 'cd "$0"', home], home],
  ] as const) {
    if (!(await succeeds([], command, environment, user))) throw impossible(`user ${other.name} may not enter ${place}`);
  }
  return { prefix: [], user, owner: user };
}

/** Lets a group through a home that is its owner's alone, on the way to the cluster: it can list and read nothing there. */
function letPass(home: string, gid: number): void {
  const { mode, uid } = statSync(home);
  if ((mode & 0o077) !== 0 || !isOurs(home)) return;
  chownSync(home, uid, gid);
  chmodSync(home, (mode & 0o700) | 0o010);
}

/** Gives a cluster to the identity that it is run by now; another one may have made it. */
export function giveTo(folder: string, { owner }: Identity): void {
  const { uid, gid } = lstatSync(folder);
  if (uid === owner.uid && gid === owner.gid) return;
  chownSync(folder, owner.uid, owner.gid);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) chownSync(join(entry.parentPath, entry.name), owner.uid, owner.gid);
  }
}

/** The user that root is shown as must be one that the system knows. */
function namespacePrefix(accounts: readonly Account[], environment: NodeJS.ProcessEnv): string[] {
  const unshare = findOnPath('unshare', environment);
  const id = (accounts.find(({ uid }) => uid >= 1_000 && uid < 60_000) ?? accounts[0])?.uid;
  return unshare === undefined || id === undefined ? [] : [unshare, '--user', `--map-user=${id}`, `--map-group=${id}`];
}

/** Lines of /etc/passwd: name:password:uid:gid:... Without root, and without what is no account. */
function accountsOf(passwd: string): Account[] {
  return passwd
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid, gid }) => uid > 0 && Number.isInteger(gid));
}

async function succeeds(
  prefix: readonly string[],
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
  user?: Program['user'],
): Promise<boolean> {
  const [command = '', ...args] = [...prefix, ...words];
  try {
    await runProgram({ command, args, environment, ...(user === undefined ? {} : { user }) });
    return true;
  } catch {
    // Whatever it says: this way is closed, and the caller tries the next or says what to do.
    return false;
  }
}

function impossible(why: string): Failure {
  return new Failure(
    'configuration',
    `Postgres does not run as root, this system lets root take no other identity (unshare --user), and ${why}: run Pinflow as an ordinary user, put the checkout and PINFLOW_HOME where every user may enter, or give a server of your own with POSTGRES_URL.`,
  );
}
