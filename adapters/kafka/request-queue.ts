import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import { assertKnownKafkajs } from '#adapters/kafka/kafkajs-version.ts';

/** How late a request without an answer may be found, at most. */
const timeoutCheckMsMax = 1_000;

/**
 * Quiets kafkajs's queue of requests, of which each connection has one. As it is, it looks for requests that wait a
 * thousand times a second where none can (tulios/kafkajs#1751: a time-out reckoned below zero is one millisecond), and ten
 * times a second for requests that were not answered in ten seconds. That was the larger part of an idle process's CPU.
 * Any further call does nothing.
 * @throws Error where kafkajs is not the version whose insides this file knows.
 */
export function installQuietRequestQueue(version?: string): void {
  assertKnownKafkajs('adapters/kafka/request-queue.ts', 'kafkajs/src/network/requestQueue', version);
  const { prototype } = RequestQueue;
  if (prototype.scheduleCheckPendingRequests === scheduleWherePending) return;
  prototype.scheduleCheckPendingRequests = scheduleWherePending;
  prototype.scheduleRequestTimeoutCheck = checkSeldom;
}

const { scheduleCheckPendingRequests: scheduleCheck } = RequestQueue.prototype;

/** Whatever comes to wait later is scheduled by the push that puts it there. */
function scheduleWherePending(this: RequestQueue): void {
  if (this.pending.length > 0) scheduleCheck.call(this);
}

function checkSeldom(this: RequestQueue): void {
  if (!this.enforceRequestTimeout) return;
  this.destroy();
  const timer = setInterval(
    () => {
      for (const request of this.inflight.values()) if (Date.now() - request.sentAt > request.requestTimeout) request.timeoutRequest();
      if (!this.isConnected()) this.destroy();
    },
    Math.min(this.requestTimeout / 10, timeoutCheckMsMax),
  );
  this.requestTimeoutIntervalId = timer;
}
