import { isRefusal } from '#api/answers/refusal.ts';
import type { Gathering } from '#api/door/gathering.ts';
import { finish, refuse, take } from '#api/door/gathering.ts';

/** Others have their turn; then the reader goes on where it is behind, and when it is not the body goes on. */
export function yieldTurn(body: Gathering): void {
  body.turnBegan = body.size;
  (body.decoder ?? body.req).pause();
  setImmediate(goOn, body);
}

function goOn(body: Gathering): void {
  if (body.refusal !== undefined) return;
  const said = body.isBehind && !body.finished ? take(body, undefined) : undefined;
  if (said !== undefined) return isRefusal(said) ? refuse(body, said) : yieldTurn(body);
  body.isBehind = false;
  if (body.isRead) finish(body, false);
  else (body.decoder ?? body.req).resume();
}
