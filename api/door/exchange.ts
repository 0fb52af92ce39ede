import type { ServerResponse } from 'node:http';
import type { Request } from 'express';
import type { Answer } from '#api/answers/answer.ts';
import { beginAnswer, writeAnswer } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import type { RejectedRows } from '#api/door/rejected-rows.ts';
import { noRejectedRows } from '#api/door/rejected-rows.ts';
import type { UnreadAnswers } from '#api/door/unread-answers.ts';
import type { Kind } from '#domain/kinds/list.ts';

/** One request and its answer, for headers, telemetry, the access log and the account of refusals. */
export type Exchange = {
  /** The client's X-Request-Id where it is a plain token, else one of ours. */
  id: string;
  /** The route's name, not its path. */
  route: string;
  startedAt: number;
  req: Request;
  res: ServerResponse;
  /** Empty until the caller is known. */
  keyId: string;
  /** Name of the event source that the client gave (the topic's name before its ending); empty where it has none. */
  source: string;
  /** The kind of events that was refused, as far as the target tells; empty where it does not, or nothing was refused. */
  kind: Kind | '';
  bytesIn: number;
  events: number;
  /** Why the request was refused, if it was. */
  refusal: Refusal | undefined;
  /** Rows that were refused while the request was taken. */
  rejected: RejectedRows;
};

/** Hears of every exchange when its answer is written. Must be quick and must not throw. */
export type ExchangeListener = (exchange: Exchange, status: number) => void;

const requestIdHeader = 'X-Request-Id';
/** Longest X-Request-Id that is taken over. */
export const requestIdCharactersMax = 128;
const token = new RegExp(`^[\\w.:/+=@-]{1,${requestIdCharactersMax}}$`);

/** Begins and ends exchanges. `instance` makes the ids of several processes differ. */
export function makeExchanges(instance: string, listeners: readonly ExchangeListener[], unread: UnreadAnswers) {
  const prefix = `${instance.slice(0, 8)}-`;
  let count = 0;

  return {
    begin(req: Request, res: ServerResponse, route: string): Exchange {
      const given = req.headers['x-request-id'];
      const id = typeof given === 'string' && token.test(given) ? given : prefix + (count++).toString(36);
      return {
        id,
        route,
        startedAt: performance.now(),
        req,
        res,
        keyId: '',
        source: '',
        kind: '',
        bytesIn: 0,
        events: 0,
        refusal: undefined,
        rejected: noRejectedRows,
      };
    },
    end(exchange: Exchange, answer: Answer, more?: Readonly<Record<string, string>>): void {
      writeAnswer(
        exchange.res,
        answer,
        more === undefined ? { [requestIdHeader]: exchange.id } : { ...more, [requestIdHeader]: exchange.id },
      );
      if (exchange.res.writableLength > 0) unread.watch(exchange.res);
      for (const hear of listeners) hear(exchange, answer.status);
    },
    /** Begins an answer of unknown length, which the caller writes and ends; listeners hear of it now. */
    stream(exchange: Exchange, headers: Readonly<Record<string, string>>): void {
      beginAnswer(exchange.res, { ...headers, [requestIdHeader]: exchange.id });
      for (const hear of listeners) hear(exchange, 200);
    },
  };
}

export type Exchanges = ReturnType<typeof makeExchanges>;
