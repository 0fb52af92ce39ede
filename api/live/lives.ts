import type { RequestHandler } from 'express';
import type { Log } from '#adapters/log.ts';
import { answerJson } from '#api/answers/answer.ts';
import { isRefusal, overloaded } from '#api/answers/refusal.ts';
import { keepAlive } from '#api/answers/keep-alive.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import type { Exchange, Exchanges } from '#api/door/exchange.ts';
import { queryOf } from '#api/door/query.ts';
import { tooManyWatchers, unknownLimit, watchersMax } from '#api/live/refusals.ts';
import type { SharedLook } from '#api/live/shared-look.ts';
import { makeSharedLook } from '#api/live/shared-look.ts';
import type { MakeOperation } from '#api/operations/operation.ts';
import { Failure } from '#domain/failures.ts';

/** Answers that go on changing: each as JSON, and as server-sent events (WHATWG HTML, 9.2), of which each is the whole answer. */
export type Lives = {
  /** `every` is how long a look is fresh, in ms. */
  make(makeOperation: MakeOperation, options: { name: string; everyMs: number; look: () => Promise<unknown> }): LiveHandlers;
  /** Ends all streams: a process that leaves does not wait for its watchers. */
  close(): void;
};
export type LiveHandlers = { now: RequestHandler; live: RequestHandler };

/** An event is the whole answer: who is so far behind is spared the next ones. */
const behindBytesMax = 262_144;
const eventStream = { 'Content-Type': 'text/event-stream' };
/** How long a browser waits before it opens a broken stream again. */
const retryMs = 2_000;

export function makeLives({ exchanges, log, stuckMsMax }: { exchanges: Pick<Exchanges, 'stream'>; log: Log; stuckMsMax: number }): Lives {
  const ends = new Set<() => void>();
  let closed = false;

  const explain = (error: unknown): string => {
    if (error instanceof Failure) return error.message;
    log.error('a look failed', { error });
    return 'The look failed by a fault of the API; see its log.';
  };

  function begin(exchange: Exchange, look: SharedLook, limit: number): void {
    const { res } = exchange;
    exchanges.stream(exchange, eventStream);
    res.write(`retry: ${retryMs}\n\n`);
    let said = 0;
    const say = (text: string): void => {
      // An answer that has ended may still wait to be taken, and what is written to it then ends the process.
      if (res.writableEnded || res.writableLength >= behindBytesMax) return;
      res.write(text);
      if (++said >= limit) res.end();
    };
    const stop = look.listen((heard) =>
      say('text' in heard ? `data: ${heard.text}\n\n` : `event: problem\ndata: ${JSON.stringify(heard.problem)}\n\n`),
    );
    keepAlive(res, { beat: () => res.write(':\n\n'), stuckMsMax });
    const end = (): void => void res.end();
    ends.add(end);
    res.on('close', () => {
      stop();
      ends.delete(end);
    });
    if (exchange.req.method === 'HEAD' || closed) end();
  }

  return {
    make(makeOperation, { name, everyMs, look }) {
      const shared = makeSharedLook({ look, everyMs, explain });
      return {
        now: makeOperation({
          name,
          scope: 'read',
          async answer() {
            try {
              return answerJson(200, await shared.ask());
            } catch (error) {
              return overloaded(explain(error).replace(/\.$/, ''));
            }
          },
        }),
        live: makeOperation({
          name: `${name}_live`,
          scope: 'read',
          answer(req) {
            if (closed || ends.size >= watchersMax) return tooManyWatchers;
            const limit = limitOf(queryOf(req));
            return isRefusal(limit) ? limit : { stream: (exchange) => begin(exchange, shared, limit.events) };
          },
        }),
      };
    },
    close() {
      closed = true;
      for (const end of ends) end();
    },
  };
}

/** After how many events the stream ends; without end where nobody says. */
function limitOf(query: URLSearchParams): { events: number } | Refusal {
  const text = query.get('limit');
  if (text === null) return { events: Number.POSITIVE_INFINITY };
  return /^[1-9]\d{0,8}$/.test(text) ? { events: Number(text) } : unknownLimit;
}
