import type { Account, Edge } from '#domain/answers/flow.ts';
import type { Offsets } from '#domain/answers/offsets.ts';

/** How far everybody had come at a moment, over all partitions. */
export type Reached = { atMs: number; logEnd: number; landed: number; streamed: number };

export function reachedOf({ at, partitions }: Offsets): Reached {
  const sum = (of: (one: Offsets['partitions'][number]) => number | null): number =>
    partitions.reduce((total, one) => total + (of(one) ?? 0), 0);
  return {
    atMs: Date.parse(at),
    logEnd: sum(({ logEnd }) => logEnd),
    landed: sum(({ landed }) => landed),
    streamed: sum(({ streamed }) => streamed),
  };
}

/** What passed a second between two moments; null where they are one, or where offsets went back. */
function rateBetween(first: Reached, last: Reached, of: Exclude<keyof Reached, 'atMs'>): number | null {
  const seconds = (last.atMs - first.atMs) / 1_000;
  const records = last[of] - first[of];
  return seconds <= 0 || records < 0 ? null : records / seconds;
}

export type Accounts = Record<'door' | 'landing' | 'batch' | 'publish' | 'stream', Account>;

/** Over so many ms of looks. Landing writes in bursts, an object in a minute where little comes. */
export const rateMs = { logEnd: 10_000, streamed: 10_000, landed: 60_000 } as const;

/** `published` is of the batch, a second: what intervals brought to the lake. */
export function edgesOf(
  looks: readonly Reached[],
  published: { records: number; clean: number } | null,
  accounts: Accounts | null,
): Edge[] {
  const last = looks.at(-1);
  const rate = (of: keyof typeof rateMs): number | null => {
    const first = looks.find(({ atMs }) => last!.atMs - atMs <= rateMs[of]);
    return first === undefined || first === last ? null : rateBetween(first, last!, of);
  };
  return [
    { from: 'door', to: 'kafka', perSecond: rate('logEnd'), account: accounts?.door ?? null },
    { from: 'kafka', to: 'raw', perSecond: rate('landed'), account: accounts?.landing ?? null },
    { from: 'raw', to: 'clean', perSecond: published?.records ?? null, account: accounts?.batch ?? null },
    { from: 'clean', to: 'answers', perSecond: published?.clean ?? null, account: accounts?.publish ?? null },
    { from: 'kafka', to: 'postgres', perSecond: rate('streamed'), account: accounts?.stream ?? null },
  ];
}

/** Completes an account by what does not add up. */
export function accountOf(parts: Omit<Account, 'difference'>): Account {
  return { ...parts, difference: parts.in - parts.out - parts.rejected - parts.duplicates - parts.waiting - parts.gaps };
}
