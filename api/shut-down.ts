import { setTimeout as delay } from 'node:timers/promises';
import type { SqlDesk } from '#questions/sql-desk.ts';
import type { Publisher } from '#adapters/kafka/producer.ts';
import type { KeyRing } from '#api/access/key-ring.ts';
import type { AckLedger } from '#api/door/ack-ledger.ts';
import type { Consumers } from '#api/consumers/consumers.ts';
import type { IdempotencyKeeper } from '#api/door/idempotency.ts';
import type { Lives } from '#api/live/lives.ts';
import type { Listening } from '#api/listen.ts';
import type { AccessLog } from '#api/operations/access-log.ts';
import type { RefusalAccount } from '#api/refused/account.ts';
import type { Tails } from '#api/tail/route.ts';
import type { Log } from '#adapters/log.ts';

/** Bounds of the ways out behind API_DRAIN_MS, by which what was accepted has its answer; who stops us leaves time for them. */
const flushMsMax = 1_000;
const receiptsMsMax = 500;

/** Answers what was accepted, then flushes. @returns whether nothing was left. */
export async function shutDown({
  drainDelayMs,
  drainMs,
  tails,
  lives,
  sqlDesk,
  consumers,
  listening,
  publisher,
  idempotency,
  ledger,
  refusals,
  accessLog,
  ring,
  log,
}: {
  drainDelayMs: number;
  drainMs: number;
  tails: Tails;
  lives: Lives;
  sqlDesk: SqlDesk;
  consumers: Consumers | undefined;
  listening: Listening;
  publisher: Publisher;
  idempotency: IdempotencyKeeper;
  ledger: AckLedger;
  refusals: RefusalAccount;
  accessLog: AccessLog;
  ring: KeyRing | undefined;
  log: Log;
}): Promise<boolean> {
  // Balancers hear of it from /readyz, clients that keep their connection from its end; their requests are still welcome.
  listening.sendAway();
  await delay(drainDelayMs);
  tails.close();
  lives.close();
  sqlDesk.close();
  const consumersEnded = consumers?.close();
  const answered = await listening.drain(drainMs);
  await publisher.close(flushMsMax);
  const { events } = publisher.inFlight();
  const written = Promise.all([idempotency.close(), ledger.close(), refusals.close(), ring?.close(), consumersEnded]);
  await Promise.race([written, delay(receiptsMsMax)]);
  accessLog.flush();
  log.info('api stopped', { answered, eventsLeft: events });
  return answered && events === 0;
}
