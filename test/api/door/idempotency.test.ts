import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import type { Answer } from '#api/answers/answer.ts';
import { answerJson } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import type { KeyedRequest } from '#api/door/idempotency-store.ts';
import type { IdempotencyKeeper, IdempotentOutcome } from '#api/door/idempotency.ts';
import { makeIdempotency } from '#api/door/idempotency.ts';
import { startProxy } from '#test/adapters/kafka/stoppable-proxy.ts';
import { quietLog } from '#test/support/environment.ts';
import { testConfig } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

const done = answerJson(200, '{"kept":1}', { 'Pinflow-Receipt': 'kind=pin' });
const keepMs = 86_400_000;
const answerBytesMax = 1_048_576;
let keys = 0;
const newRequest = (over: Partial<KeyedRequest> = {}): KeyedRequest => ({
  keyId: 'caller',
  route: 'pin',
  key: `key-${keys++}`,
  hash: hashOf('body'),
  ...over,
});

describe('a keyed request', () => {
  let postgres: Postgres;
  let idempotency: IdempotencyKeeper;
  const counted: IdempotentOutcome[] = [];
  before(async () => {
    postgres = makePostgres({ url: (await testConfig()).postgresUrl, applicationName: 'pinflow-test' });
    await migrate(postgres);
    idempotency = makeIdempotency({
      statements: postgres,
      log: quietLog,
      count: (outcome) => counted.push(outcome),
      keepMs,
      answerBytesMax,
    });
  });
  after(async () => {
    await idempotency.close();
    await postgres.close();
  });

  const age = (key: string, interval: string): Promise<number> =>
    postgres.execute(
      'UPDATE pinflow.idempotency SET claimed_at = claimed_at - $2::interval, created_at = created_at - $2::interval WHERE key = $1',
      [key, interval],
    );
  /** Event id that the work of a request got; undefined where it was not done. */
  async function tryOnce(request: KeyedRequest, answer: Answer = done): Promise<{ eventId?: string; said: Answer | Refusal }> {
    let eventId: string | undefined;
    const said = await idempotency.once(request, async (id) => {
      eventId = id;
      return answer;
    });
    return eventId === undefined ? { said } : { eventId, said };
  }

  test('is done once and answered again, headers and bytes alike', async () => {
    const request = newRequest();
    const binary = { status: 422, body: Buffer.from([0, 255, 10]), headers: { 'Content-Type': 'x/y' } };
    assert.deepEqual((await tryOnce(request, binary)).said, binary);
    const again = await tryOnce(request);
    assert.equal(again.eventId, undefined);
    assert.deepEqual(again.said, replayOf(binary));
    assert.deepEqual(counted.splice(0), ['new', 'replayed']);
  });

  test('with another body is refused, whether the first is done or running', async () => {
    const request = newRequest();
    const other = { ...request, hash: hashOf('another') };
    await idempotency.once(request, async () => {
      assert.equal(((await tryOnce(other)).said as Refusal).reason, 'idempotency_mismatch');
      return done;
    });
    const { said } = await tryOnce(other);
    assert.deepEqual([said.status, (said as Refusal).reason], [422, 'idempotency_mismatch']);
  });

  test('is apart from the same key of another caller and on another route', async () => {
    const request = newRequest();
    const tried = [request, { ...request, keyId: 'other' }, { ...request, route: 'topics' }].map((one) => tryOnce(one));
    const ids = (await Promise.all(tried)).map(({ eventId }) => eventId);
    assert.equal(new Set(ids).size, 3);
    assert.ok(!ids.includes(undefined));
  });

  test('of many at once works once; the twins are told that it runs', async () => {
    const request = newRequest();
    const gate = Promise.withResolvers<Answer>();
    let works = 0;
    const all = Array.from({ length: 20 }, () =>
      idempotency.once(request, () => {
        works++;
        return gate.promise;
      }),
    );
    const told: (Answer | Refusal)[] = [];
    const twins = new Promise<void>((resolve) => {
      for (const one of all) void one.then((said) => told.push(said) === 19 && resolve());
    });
    await twins;
    assert.equal(works, 1);
    for (const twin of told) assert.deepEqual([twin.status, (twin as Refusal).reason], [409, 'idempotency_running']);
    gate.resolve(done);
    assert.equal((await Promise.all(all)).filter(({ status }) => status === 200).length, 1);
  });

  const answers: { answer: Answer; next: 'replayed' | 'done again at once' | 'running' }[] = [
    { answer: answerJson(202, '{}'), next: 'replayed' },
    { answer: answerJson(207, '{}'), next: 'replayed' },
    { answer: answerJson(413, '{}'), next: 'replayed' },
    { answer: answerJson(422, '{}'), next: 'replayed' },
    { answer: answerJson(401, '{}'), next: 'done again at once' },
    { answer: answerJson(403, '{}'), next: 'done again at once' },
    { answer: answerJson(429, '{}'), next: 'done again at once' },
    { answer: answerJson(503, '{}'), next: 'done again at once' },
    { answer: answerJson(500, '{}'), next: 'running' },
    { answer: answerJson(504, '{}'), next: 'running' },
    { answer: { ...answerJson(200, '{}'), isRetriable: true }, next: 'running' },
  ];
  for (const { answer, next } of answers) {
    test(`answered with ${answer.status}${answer.isRetriable === true ? ' that may change' : ''} is ${next} when it comes again`, async () => {
      const request = newRequest();
      const first = await tryOnce(request, answer);
      assert.deepEqual(first.said, answer);
      const again = await tryOnce(request);
      if (next === 'replayed') assert.deepEqual(again.said, replayOf(answer));
      else if (next === 'running') assert.equal((again.said as Refusal).reason, 'idempotency_running');
      else assert.equal(again.said, done);
    });
  }

  test('without an outcome is taken over after 10 s, with the event id of the first', async () => {
    const request = newRequest();
    let first: string | undefined;
    const died = idempotency.once(request, async (id) => {
      first = id;
      throw new Error('a fault');
    });
    await assert.rejects(died, /a fault/);
    await age(request.key, '9 s');
    assert.equal((await tryOnce(request)).said.status, 409);
    await age(request.key, '1 s');
    counted.splice(0);
    assert.equal(((await tryOnce({ ...request, hash: hashOf('another') })).said as Refusal).reason, 'idempotency_mismatch');
    assert.deepEqual(await tryOnce(request), { eventId: first, said: done });
    assert.deepEqual(counted.splice(0), ['mismatch', 'taken_over']);
    assert.equal((await tryOnce(request)).said.status, 200);
  });

  test('that was taken over does not touch the outcome of the second', async () => {
    for (const slow of [answerJson(200, '"slow"'), answerJson(503, '"slow"')]) {
      const request = newRequest();
      const said = await idempotency.once(request, async () => {
        await age(request.key, '10 s');
        // The second runs and is done while the first is still at it.
        await tryOnce(request, answerJson(200, '"quick"'));
        return slow;
      });
      assert.equal(said, slow);
      assert.equal(String(((await tryOnce(request)).said as Answer).body), '"quick"');
    }
  });

  test('that was taken over and then not sent keeps the event id, and comes through at once', async () => {
    const request = newRequest();
    const first = await tryOnce(request, answerJson(504, ''));
    await age(request.key, '10 s');
    const second = await tryOnce(request, answerJson(503, ''));
    assert.deepEqual(await tryOnce(request), { eventId: first.eventId, said: done });
    assert.equal(second.eventId, first.eventId);
  });

  test('is new when its retention is over, even with another body', async () => {
    const request = newRequest();
    const first = await tryOnce(request);
    await age(request.key, '24 h');
    const second = await tryOnce({ ...request, hash: hashOf('another') });
    assert.equal(second.said, done);
    assert.notEqual(second.eventId, first.eventId);
  });

  test('whose outcome waits for Kafka is stored by whoever leaves', async () => {
    const leaving = makeIdempotency({ statements: postgres, log: quietLog, count: () => undefined, keepMs, answerBytesMax });
    const request = newRequest();
    const told = answerJson(202, '{}');
    const decided = Promise.withResolvers<Answer>();
    await leaving.once(request, async () => ({ ...told, afterwards: () => decided.promise }));
    let hasLeft = false;
    const left = leaving.close().then(() => (hasLeft = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(hasLeft, false, 'it did not wait for what Kafka decides');
    decided.resolve(told);
    await left;
    assert.deepEqual((await tryOnce(request)).said, replayOf(told));
  });

  test('with an answer too large to keep is done once all the same', async () => {
    const request = newRequest();
    await tryOnce(request, answerJson(200, 'x'.repeat(answerBytesMax + 1)));
    const { eventId, said } = await tryOnce(request);
    assert.equal(eventId, undefined);
    assert.equal(said.status, 200);
    assert.match(String(said.body), /answered with 200 before; the body of that answer was too large/);
  });
});

describe('a keyed request and a Postgres that is away', () => {
  test('is refused within its bound while Postgres stalls or is down, and goes through when it is back', async () => {
    const { postgres, proxy, idempotency } = await openProxied();
    proxy.hold();
    const startedAt = performance.now();
    const request = newRequest();
    const work = async (): Promise<Answer> => done;
    const stalled = await idempotency.once(request, work);
    assert.deepEqual([stalled.status, (stalled as Refusal).reason], [503, 'idempotency_unavailable']);
    assert.ok(performance.now() - startedAt < 4_000, 'a stalled Postgres held a request for long');
    await proxy.goDown();
    proxy.release();
    assert.equal((await idempotency.once(newRequest(), work)).status, 503);
    await proxy.comeBack();
    assert.equal(await idempotency.once(newRequest(), work), done);
    await idempotency.close();
    await postgres.close();
    await proxy.close();
  });

  test('gets its true answer where the outcome cannot be stored; another process takes it over with the same event id', async () => {
    const { postgres, proxy, idempotency, config } = await openProxied();
    const request = newRequest();
    let first: string | undefined;
    const said = await idempotency.once(request, async (id) => {
      first = id;
      await proxy.goDown();
      return done;
    });
    assert.equal(said, done);
    const direct = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
    const other = makeIdempotency({ statements: direct, log: quietLog, count: () => undefined, keepMs, answerBytesMax });
    assert.equal((await other.once(request, async () => done)).status, 409);
    await direct.execute(`UPDATE pinflow.idempotency SET claimed_at = claimed_at - interval '10 s'`);
    let second: string | undefined;
    await other.once(request, async (id) => {
      second = id;
      return done;
    });
    assert.ok(second !== undefined && second === first);
    await other.close();
    await idempotency.close();
    await Promise.all([direct.close(), postgres.close(), proxy.close()]);
  });

  async function openProxied() {
    const config = await testConfig();
    const direct = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
    await migrate(direct);
    await direct.close();
    const url = new URL(config.postgresUrl);
    const proxy = await startProxy(url.host);
    url.host = `127.0.0.1:${proxy.port}`;
    const postgres = makePostgres({ url: url.href, applicationName: 'pinflow-test', statementTimeoutMs: 1_500 });
    const idempotency = makeIdempotency({ statements: postgres, log: quietLog, count: () => undefined, keepMs, answerBytesMax });
    // Opens a connection, so that it is an established one that stalls.
    await postgres.query('SELECT 1');
    return { config, proxy, postgres, idempotency };
  }
});

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function replayOf({ status, headers, body }: Answer): Answer {
  return { status, headers: { ...headers, 'Idempotency-Replayed': 'true' }, body: Buffer.from(body) };
}
