import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import { installQuietRequestQueue } from '#adapters/kafka/request-queue.ts';
import { testConfig } from '#test/support/servers.ts';

// oxlint-disable-next-line typescript/unbound-method -- called with the queue below
const { checkPendingRequests: original } = RequestQueue.prototype;

/** A queue without a connection: what it sends is noted. */
function makeQueue(maxInFlightRequests: number | null): {
  queue: RequestQueue;
  sent: number[];
  push: (id: number, answered?: boolean) => void;
} {
  const sent: number[] = [];
  const queue = new RequestQueue({
    maxInFlightRequests,
    requestTimeout: 10_000,
    enforceRequestTimeout: true,
    clientId: 'test',
    broker: 'none',
    logger: { debug: () => undefined },
  });
  const push = (correlationId: number, answered = true): void =>
    queue.push({
      entry: Object.assign({ correlationId, reject: () => undefined, resolve: () => undefined }),
      expectResponse: answered,
      sendRequest: () => void sent.push(correlationId),
    });
  return { queue, sent, push };
}

describe('the queue of requests of a connection', () => {
  test('sets no timer while nothing waits, on a real connection', async (t) => {
    const config = await testConfig();
    const topics = makeKafkaTopics(makeKafkaClient(config, 'pinflow-test'));
    const queues = new Set<RequestQueue>();
    const check = mock.method(RequestQueue.prototype, 'checkPendingRequests', function record(this: RequestQueue) {
      queues.add(this);
      original.call(this);
    });
    t.after(async () => {
      check.mock.restore();
      await topics.close();
    });
    await topics.ensureTopics({ topics: [`${config.prefix}quiet`], partitions: 1, replicas: 1 });
    assert.ok(queues.size > 0, 'no connection was looked at');
    for (const queue of queues) assert.equal(queue.throttleCheckTimeoutId, null);
  });

  test('sends what waited for a throttle once it is over', (t) => {
    installQuietRequestQueue();
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    const { queue, sent, push } = makeQueue(null);
    queue.maybeThrottle(500);
    push(1);
    push(2);
    assert.deepEqual(sent, []);
    t.mock.timers.tick(499);
    assert.deepEqual(sent, []);
    t.mock.timers.tick(20);
    assert.deepEqual(sent, [1, 2]);
    assert.equal(queue.throttleCheckTimeoutId, null);
  });

  test('ends a request that is not answered in time, within a second', (t) => {
    installQuietRequestQueue();
    t.mock.timers.enable({ apis: ['setInterval', 'setTimeout', 'Date'] });
    const { queue, push } = makeQueue(null);
    queue.scheduleRequestTimeoutCheck();
    push(1);
    t.mock.timers.tick(9_999);
    assert.equal(queue.inflight.size, 1);
    t.mock.timers.tick(1_002);
    assert.equal(queue.inflight.size, 0);
    queue.destroy();
  });

  test('is left alone in a kafkajs whose insides are not known', () => {
    assert.throws(() => installQuietRequestQueue('2.3.0'), /kafkajs 2\.2\.4, but found 2\.3\.0/);
  });
});
