import assert from 'node:assert/strict';
import { waitFor } from '#test/support/servers.ts';

export type Consumed = { topic: string; key: string; value: { unique_id: string }; partition: number; offset: number };
export type ConsumerClient = ReturnType<typeof makeConsumerClient>;

export const restV2Json = 'application/vnd.kafka.json.v2+json';
export const earliest = { format: 'json', 'auto.offset.reset': 'earliest' };

/** A client of REST v2, as in the course's material. */
export function makeConsumerClient(url: string) {
  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(path.startsWith('http') ? path : url + path, {
      method,
      headers: { 'Content-Type': 'application/vnd.kafka.v2+json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? undefined : JSON.parse(text)) as Record<string, unknown> & { error_code?: number; message?: string },
    };
  };
  return {
    ask,
    /** Posts pins with these identities. */
    async post(topic: string, ids: string[]): Promise<void> {
      const records = ids.map((id) => ({ value: { unique_id: id, title: 'é' } }));
      const { status, body } = await ask('POST', `/topics/${topic}`, { records }, { 'Content-Type': restV2Json });
      assert.equal(status, 200, JSON.stringify(body));
    },
    /** Makes an instance and subscribes it. */
    async open(group: string, settings: object, topics: string[]) {
      const made = await ask('POST', `/consumers/${group}`, settings);
      assert.equal(made.status, 200, JSON.stringify(made.body));
      const uri = String(made.body['base_uri']);
      const subscribed = await ask('POST', `${uri}/subscription`, { topics });
      assert.deepEqual([subscribed.status, subscribed.body], [204, undefined]);
      return {
        uri,
        async read(query = ''): Promise<Consumed[]> {
          const { status, headers, body } = await ask('GET', `${uri}/records${query}`, undefined, { Accept: restV2Json });
          assert.equal(status, 200, JSON.stringify(body));
          assert.equal(headers.get('content-type'), restV2Json);
          return body as unknown as Consumed[];
        },
        remove: () => ask('DELETE', uri),
      };
    },
  };
}

export function idsOf(records: readonly Consumed[]): string[] {
  return records.map(({ value }) => value.unique_id);
}

/** Reads until so many different pins were seen. */
export async function readAll(reader: { read(query?: string): Promise<Consumed[]> }, count: number, query = ''): Promise<Consumed[]> {
  const all: Consumed[] = [];
  await waitFor(
    async () => {
      all.push(...(await reader.read(query)));
      return new Set(idsOf(all)).size >= count;
    },
    { what: `${count} records` },
  );
  return all;
}
