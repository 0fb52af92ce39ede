import type { IncomingMessage } from 'node:http';
import type { Paid } from '#api/access/paid.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import type { Scope } from '#domain/keys/scopes.ts';

/** Who sent a request. Where keys are off everyone is `anonymous` and may do everything. */
export type Caller = {
  /** Id of the key (public, not the key itself); empty for `anonymous`. */
  keyId: string;
  name: string;
  scopes: ReadonlySet<Scope>;
};

/** What a caller's allowance says about a request. */
export type Allowance = {
  /** RateLimit headers of the answer, whatever it is. */
  headers: Readonly<Record<string, string>>;
  /** 429 with Retry-After where the allowance does not reach. */
  refusal?: Refusal;
};

/** Who may come in, and how much they may bring. All but lookUp is answered from memory. */
export type Access = {
  /** The caller, or 401 (no key, unknown, revoked), or 503 while no key has ever been read. */
  identify(req: IncomingMessage): Caller | Refusal;
  /** The same for what would be refused: a key or session made a moment ago, perhaps by another process, is looked for. */
  lookUp(req: IncomingMessage): Promise<Caller | Refusal>;
  /** 403 for who must not even have what is open to everyone. */
  refuseStranger(req: IncomingMessage): Refusal | undefined;
  /**
   * The refusal that is foreseen for a request of at least so many events and bytes, before they are read; undefined
   * where there is none. Takes nothing.
   */
  foresee(caller: Caller, events: number, bytes: number): Required<Allowance> | undefined;
  /**
   * Takes `events` and `bytes` from the caller's allowance, also where it refuses them: they were looked at. Undefined
   * where the caller has no limit. `paid` is what the same request took before; `isLast` that it takes no more.
   */
  spend(caller: Caller, events: number, bytes: number, paid?: Paid, isLast?: boolean): Allowance | undefined;
  /** Takes them whether the allowance reaches or not: a request that is refused for another reason was looked at. */
  owe(caller: Caller, events: number, bytes: number): Allowance | undefined;
};
