import type { Request, RequestHandler } from 'express';
import type { Log } from '#adapters/log.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal, overloaded } from '#api/answers/refusal.ts';
import type { Exchange, Exchanges } from '#api/door/exchange.ts';
import type { MakeOperation } from '#api/operations/operation.ts';
import type { Outlet } from '#api/tail/outlet.ts';
import { makeOutlet } from '#api/tail/outlet.ts';
import { tailsMax, tooManyTails, unknownLimit, unknownRejected } from '#api/tail/refusals.ts';
import { noKind, readSince } from '#api/operations/since.ts';
import { Failure } from '#domain/failures.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { kinds } from '#domain/kinds/list.ts';
import type { Names } from '#domain/names.ts';
import type { Follow, RecordTailOptions } from '#questions/tail/tail-records.ts';
import { openRecordTail } from '#questions/tail/tail-records.ts';
import { openRefusalTail } from '#questions/tail/tail-refusals.ts';

/** `kinds` is absent where all are wanted. */
export type TailQuery = { kinds: readonly Kind[] | undefined; rejected: boolean; limit: number; sinceMs: number | undefined };

/** The tails that are open at this process. */
export type Tails = {
  /** Fixes where a tail begins; what follows it once its answer has begun, or a refusal. */
  open(query: TailQuery): Promise<((exchange: Exchange) => void) | Refusal>;
  /** Ends them all: a process that leaves does not wait for its watchers. */
  close(): void;
};

const ndjson = { 'Content-Type': 'application/x-ndjson' };

export function makeTails(options: {
  kafka: RecordTailOptions['kafka'];
  topics: RecordTailOptions['topics'];
  names: Names;
  statements: Pick<Statements, 'query'>;
  exchanges: Pick<Exchanges, 'stream'>;
  makeGroup: () => string;
  log: Log;
  heartbeatMs?: number;
  /** How long a reader may take nothing. */
  stuckMsMax: number;
}): Tails {
  const outlets = new Set<Outlet>();
  let count = 0;
  let closed = false;

  const openFollow = ({ rejected, ...query }: TailQuery): Promise<Follow> =>
    rejected
      ? openRefusalTail({ ...query, statements: options.statements })
      : openRecordTail({ ...query, ...options, kinds: query.kinds ?? kinds });

  /** Begins the answer and follows until one side ends it. */
  function begin(exchange: Exchange, follow: Follow, limit: number): void {
    const ending = new AbortController();
    const { req, res } = exchange;
    options.exchanges.stream(exchange, ndjson);
    const outlet = makeOutlet(res, {
      limit,
      stuckMsMax: options.stuckMsMax,
      ...(options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs }),
      onEnd() {
        outlets.delete(outlet);
        ending.abort();
      },
    });
    outlets.add(outlet);
    if (req.method === 'HEAD' || closed || res.destroyed) outlet.end();
    void follow(outlet.emit, ending.signal)
      .catch((error: unknown) => {
        if (!(error instanceof Failure)) options.log.error('a tail failed', { error });
        outlet.end(error instanceof Failure ? error.message : 'The tail ended by a fault of the API; see its log.');
      })
      .finally(() => count--);
  }

  return {
    async open(query) {
      if (closed || count >= tailsMax) return tooManyTails;
      count++;
      try {
        const follow = await openFollow(query);
        return (exchange) => begin(exchange, follow, query.limit);
      } catch (error) {
        count--;
        if (!(error instanceof Failure)) throw error;
        return overloaded(error.message.replace(/\.$/, ''));
      }
    },
    close() {
      closed = true;
      for (const outlet of outlets) outlet.end('The API stops.');
    },
  };
}

/** `GET /api/tail?kind=&rejected=&limit=&since=`: what arrives, as NDJSON until the client goes. */
export function makeTailHandler(makeOperation: MakeOperation, tails: Pick<Tails, 'open'>): RequestHandler {
  return makeOperation({
    name: 'tail',
    scope: 'read',
    async answer(req) {
      const query = readQuery(req);
      const opened = isRefusal(query) ? query : await tails.open(query);
      return typeof opened === 'function' ? { stream: opened } : opened;
    },
  });
}

const limitPattern = /^[1-9]\d{0,8}$/;

function readQuery({ query }: Request): TailQuery | Refusal {
  const { kind, rejected, limit, since } = query;
  if (kind !== undefined && !kinds.includes(kind as Kind)) return noKind;
  if (rejected !== undefined && rejected !== 'true' && rejected !== 'false') return unknownRejected;
  if (limit !== undefined && !(typeof limit === 'string' && limitPattern.test(limit))) return unknownLimit;
  const sinceMs = since === undefined ? undefined : readSince(since);
  if (typeof sinceMs === 'object') return sinceMs;
  return {
    kinds: kind === undefined ? undefined : [kind as Kind],
    rejected: rejected === 'true',
    limit: limit === undefined ? Number.POSITIVE_INFINITY : Number(limit),
    sinceMs,
  };
}
