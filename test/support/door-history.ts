import assert from 'node:assert/strict';
import type { Config } from '#adapters/config.ts';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import { makeNames } from '#domain/names.ts';
import { readRecords } from '#test/api/read-records.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import { makeDoorClient } from '#test/support/door-client.ts';
import { waitFor } from '#test/support/servers.ts';

/** What a client knows of its request: acked, refused, or nothing (504, a broken connection). */
type Outcome = 'ok' | 'failed' | 'unknown';
type Entry = { id: string; outcome: Outcome; receipt: string };

const clients = 64;

/** Posts pins over many connections until told to end, and records what became of each as its client saw it. */
export function startHistory(url: string) {
  const history: Entry[] = [];
  const count = (outcome: Outcome): number => history.filter((entry) => entry.outcome === outcome).length;
  const client = makeDoorClient(url, clients);
  let ended = false;
  let ready: Promise<unknown> | undefined;
  /** One look at a time for all clients: so many would keep the door busy that waits. */
  const untilReady = (): Promise<unknown> =>
    (ready ??= waitFor(async () => ended || (await fetch(`${url}/readyz`)).ok, { what: 'the door to be ready again' }).finally(() => {
      ready = undefined;
    }));

  async function post(number: number, i: number): Promise<void> {
    const id = `c${number}-${i}`;
    const json = JSON.stringify(pin({ unique_id: id }));
    const answer =
      i % 4 === 0 ? await client.post('/topics/history.pin', id, `{"records":[{"value":${json}}]}`) : await client.post('/pin/', id, json);
    const status = 'status' in answer ? answer.status : 0;
    assert.ok([0, 200, 503, 504].includes(status), `${id} was answered with ${status}`);
    const receipt = 'headers' in answer ? String(answer.headers['pinflow-receipt'] ?? '') : '';
    history.push({ id, outcome: status === 200 ? 'ok' : status === 503 ? 'failed' : 'unknown', receipt });
    // What was refused for now comes back when the door says that it can be taken.
    if (status === 503) await untilReady();
  }

  const load = Promise.all(
    Array.from({ length: clients }, async (_, number) => {
      for (let i = 0; !ended; i++) await post(number, i);
    }),
  );

  return {
    count,
    async moreOk(wanted: number, what: string): Promise<void> {
      const target = count('ok') + wanted;
      await waitFor(() => count('ok') >= target, { what: `${wanted} more acked requests ${what}` });
    },
    /** Ends the load and returns what happened. */
    async end(): Promise<readonly Entry[]> {
      ended = true;
      await load;
      client.close();
      return history;
    },
  };
}

/**
 * Every 200 is in the log exactly once and where its receipt says, a 503 never, the rest at most once.
 * @returns how many records the log has.
 */
export async function assertAgreesWithLog(history: readonly Entry[], config: Config): Promise<number> {
  const kafka = makeKafkaClient(config, 'pinflow-test');
  const topics = makeKafkaTopics(kafka);
  const places = new Map<string, string[]>();
  for (const { key, partition, offset, headers } of await readRecords(kafka, topics, makeNames(config.prefix).topicOf('pin'))) {
    const eventId = headers.find(([name]) => name === 'event-id')![1].toString();
    const receipt = `kind=pin, partition=${partition}, offset=${offset}, event-id="${eventId}"`;
    places.set(key!.toString(), [...(places.get(key!.toString()) ?? []), receipt]);
  }
  await topics.close();
  const wrong = history.filter(({ id, outcome, receipt }) => {
    const found = places.get(id) ?? [];
    if (outcome === 'ok') return found.length !== 1 || found[0] !== receipt;
    return found.length > (outcome === 'failed' ? 0 : 1);
  });
  assert.deepEqual(
    wrong.slice(0, 10).map((entry) => ({ ...entry, found: places.get(entry.id) })),
    [],
    `${wrong.length} answers do not agree with the log`,
  );
  return [...places.values()].reduce((sum, found) => sum + found.length, 0);
}
