import type { Attempt } from '#emulator/retry.ts';
import type { SourceEvent } from '#emulator/source.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { kinds } from '#domain/kinds/list.ts';
import { sourceTables } from '#emulator/source-tables.ts';
import { listed } from '#domain/listed.ts';

/**
 * The two shapes in which the course's clients post:
 *   pin     POST /pin/                     the pin row itself
 *   topics  POST /topics/<12 hex>.<kind>   {"records": [{"value": row}]}, one request a kind
 */
export const shapes = ['pin', 'topics'] as const;
export type Shape = (typeof shapes)[number];

export type PostRequest = { kind: Kind; url: string; contentType: string; body: string };
/** The door's answer to one request; `reason` says why it refused. */
export type Answer = { kind: Kind; status: number; acked: boolean; reason?: string };

/** Stands where the course's clients put their twelve-digit user id. */
const sourceName = '0e3a7b91c2d4';
const requestTimeoutMs = 15_000;
const reasonLengthMax = 300;

/** What the shapes are, for people. */
export const shapesHelp = `pin: POST /pin/ with the pin; topics: POST /topics/<id>.<kind> with the rows of ${listed(sourceTables.map(({ kind }) => kind))}`;

/** The requests of one event, in the order in which the course's clients send them. */
export function requestsOf(event: SourceEvent, shape: Shape, target: string): PostRequest[] {
  const base = target.replace(/\/+$/, '');
  if (shape === 'pin') return [{ kind: 'pin', url: `${base}/pin/`, contentType: 'application/json', body: JSON.stringify(event.pin) }];
  return kinds.flatMap((kind) =>
    event[kind] === undefined
      ? []
      : [
          {
            kind,
            url: `${base}/topics/${sourceName}.${kind}`,
            contentType: 'application/vnd.kafka.json.v2+json',
            body: JSON.stringify({ records: [{ value: event[kind] }] }),
          },
        ],
  );
}

/** Posts once. Whatever may pass (no connection, no answer, 5xx, 408, 429) is worth another try; the rest is an answer. */
export async function post(request: PostRequest, apiKey: string | undefined, signal: AbortSignal): Promise<Attempt<Answer>> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(request.url, {
      method: 'POST',
      headers: { 'content-type': request.contentType, ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) },
      body: request.body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
    });
    text = await response.text();
  } catch (error) {
    return { again: `${new URL(request.url).origin} ${describe(error as Error)}` };
  }
  const { status } = response;
  if (status >= 500 || status === 408 || status === 429) {
    return { again: `${new URL(request.url).origin} answered ${status}`, ...waitOf(response.headers.get('retry-after')) };
  }
  if (!response.ok) return { done: { kind: request.kind, status, acked: false, reason: text.slice(0, reasonLengthMax) } };
  const refusal = refusedRecord(text);
  return { done: { kind: request.kind, status, acked: refusal === undefined, ...(refusal === undefined ? {} : { reason: refusal }) } };
}

function describe(error: Error): string {
  if (error.name === 'TimeoutError') return `gave no answer in ${requestTimeoutMs / 1_000} s`;
  const cause = error.cause as { code?: string; message?: string } | undefined;
  return `cannot be reached (${cause?.code ?? cause?.message ?? error.message})`;
}

/** Retry-After in whole seconds; its date form is left to the ordinary backoff. */
function waitOf(header: string | null): { waitMs?: number } {
  return header !== null && /^\d+$/.test(header) ? { waitMs: Number(header) * 1_000 } : {};
}

/** A REST proxy answers 200 for a request whose record failed: {"offsets":[{"error_code":..., "error":"..."}]}. */
function refusedRecord(text: string): string | undefined {
  if (!text.startsWith('{"offsets"')) return undefined;
  const { offsets } = JSON.parse(text) as { offsets: { error_code: number | null; error: string | null }[] };
  const failed = offsets.find((one) => one.error_code !== null && one.error_code !== undefined);
  return failed === undefined ? undefined : `record refused: ${failed.error_code} ${failed.error ?? ''}`.slice(0, reasonLengthMax);
}
