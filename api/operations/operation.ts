import type { Request, RequestHandler } from 'express';
import type { Caller } from '#api/access/caller.ts';
import { lacksScope } from '#api/access/refusals.ts';
import type { Answer } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal } from '#api/answers/refusal.ts';
import { answerDetail } from '#api/dialects/fastapi.ts';
import type { Door } from '#api/door/door.ts';
import type { Exchange } from '#api/door/exchange.ts';
import type { Scope } from '#domain/keys/scopes.ts';

/** An answer that is written bit by bit, by `stream`, which is called once. */
type Streamed = { stream: (exchange: Exchange) => void };
type Said = Answer | Refusal | Streamed;

/** Makes handlers of routes that take no events: who asks, may they, answer. Errors go to the app's error handler. */
export type MakeOperation = (operation: {
  /** Name for the access log. */
  name: string;
  /** What a key needs to ask; `open` to everyone. */
  scope: Scope | 'open';
  /** A refusal in the dialect of the route's clients. Default: FastAPI's. */
  refuse?: (refusal: Refusal) => Answer;
  /** Of an open operation: callers with this scope are made known to `answer`. */
  insiders?: Scope;
  /** `caller` is absent where the operation is open and whoever asks is no insider. */
  answer: (req: Request, caller: Caller | undefined) => Said | Promise<Said>;
}) => RequestHandler;

export function makeOperations({ exchanges, access }: Pick<Door, 'exchanges' | 'access'>): MakeOperation {
  function findInsider(req: Request, insiders: Scope | undefined): Caller | undefined {
    if (insiders === undefined) return undefined;
    const caller = access.identify(req);
    return isRefusal(caller) || refuseScope(caller, insiders) !== undefined ? undefined : caller;
  }

  return ({ name, scope, insiders, answer, refuse = answerDetail }) =>
    async (req, res) => {
      const exchange = exchanges.begin(req, res, name);
      const caller = scope === 'open' ? findInsider(req, insiders) : await access.lookUp(req);
      if (caller !== undefined && !isRefusal(caller)) exchange.keyId = caller.keyId;
      const found = scope === 'open' ? access.refuseStranger(req) : refuseScope(caller!, scope);
      const said = found ?? (await answer(req, caller as Caller | undefined));
      if ('stream' in said) return said.stream(exchange);
      if ('body' in said) return exchanges.end(exchange, said);
      exchange.refusal = said;
      exchanges.end(exchange, refuse(said));
    };
}

function refuseScope(caller: Caller | Refusal, scope: Scope): Refusal | undefined {
  if (isRefusal(caller)) return caller;
  if (caller.keyId === '' || caller.scopes.has(scope)) return undefined;
  return lacksScope(scope);
}
