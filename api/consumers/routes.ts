import type { Request, RequestHandler } from 'express';
import type { z } from 'zod';
import type { Clients } from '#api/access/clients.ts';
import type { Answer } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal, refusalOfFailure, refusalOfIssues, refusalOfProblem } from '#api/answers/refusal.ts';
import type { Consumers } from '#api/consumers/consumers.ts';
import { badGroup, noCount, notAcceptable, notServed, typeOfFormat } from '#api/consumers/refusals.ts';
import type { ConsumedRecord } from '#api/consumers/subscription.ts';
import { restV2Type, restV2Types, refuseRestV2 } from '#api/dialects/rest-v2.ts';
import type { Door } from '#api/door/door.ts';
import { queryOf } from '#api/door/query.ts';
import type { MakeOperation } from '#api/operations/operation.ts';
import { readWholeBody } from '#api/operations/read-body.ts';
import { jsonOfBytes } from '#domain/door/json-of-bytes.ts';
import { readBody } from '#domain/door/read-event.ts';
import { Failure } from '#domain/failures.ts';
import type { ConsumerSettings } from '#domain/schemas/consumers.ts';
import { consumerName, consumerOffsets, consumerSettings, consumerSubscription, readTimeoutMs } from '#domain/schemas/consumers.ts';

export type ConsumerOptions = {
  /** Undefined where several processes share the port: an instance lives in one of them only. */
  consumers: Consumers | undefined;
  clients: Clients;
  /** Where clients reach the API; undefined where nobody said. */
  apiUrl: string | undefined;
};

type Handlers = Partial<Record<'get' | 'post' | 'delete', RequestHandler>>;
type Path = { group: string; name: string };

export const bodyLimits = { bytesMax: 65_536, types: restV2Types };
const answerBytesMax = 4_194_304;

/**
 * The half of REST v2 that reads: `POST /consumers/<group>` and what hangs below the instance that it makes.
 */
export function makeConsumerHandlers(
  makeOperation: MakeOperation,
  { consumers, budget, clients, apiUrl }: Pick<Door, 'budget'> & ConsumerOptions,
): { path: string; handlers: Handlers }[] {
  const base = apiUrl?.replace(/\/+$/, '');
  const operate = (
    name: string,
    work: (consumers: Consumers, path: Path, req: Request) => Answer | Refusal | Promise<Answer | Refusal>,
  ): RequestHandler =>
    makeOperation({
      name,
      scope: 'read',
      refuse: refuseRestV2,
      async answer(req) {
        if (consumers === undefined) return notServed;
        try {
          return await work(consumers, { group: String(req.params['group']), name: String(req.params['name']) }, req);
        } catch (error) {
          if (error instanceof Failure) return refusalOfFailure(error);
          throw error;
        }
      },
    });

  const readAs = <Schema extends z.ZodType>(req: Request, schema: Schema): Promise<z.output<Schema> | Refusal> =>
    readBodyAs(req, schema, budget);

  const create = operate('consumer_create', async (all, { group }, req) => {
    const settings = await readAs(req, consumerSettings);
    if (isRefusal(settings)) return settings;
    if (!consumerName.safeParse(group).success) return badGroup;
    const made = all.create(group, settings);
    if (isRefusal(made)) return made;
    return answerV2({ instance_id: made.name, base_uri: `${base ?? calledBy(req, clients)}${pathOf(req, group, made.name)}` });
  });

  const subscribe = operate('consumer_subscribe', async (all, { group, name }, req) => {
    const wanted = await readAs(req, consumerSubscription);
    if (isRefusal(wanted)) return wanted;
    return (await all.subscribe(group, name, wanted.topics)) ?? done;
  });

  const subscription = operate('consumer_subscription', (all, { group, name }) => {
    const topics = all.subscription(group, name);
    return 'status' in topics ? topics : answerV2({ topics });
  });

  const unsubscribe = operate('consumer_unsubscribe', async (all, { group, name }) => (await all.unsubscribe(group, name)) ?? done);

  const records = operate('consumer_records', pollRecords);

  const commit = operate('consumer_commit', async (all, { group, name }, req) => {
    const body = await readAs(req, consumerOffsets.partial());
    if (isRefusal(body)) return body;
    return (await all.commit(group, name, body.offsets)) ?? answerV2({});
  });

  const remove = operate('consumer_delete', async (all, { group, name }) => (await all.remove(group, name)) ?? done);

  const below = '/consumers/:group/instances/:name';
  const routes: { path: string; handlers: Handlers }[] = [
    { path: '/consumers/:group', handlers: { post: create } },
    { path: below, handlers: { delete: remove } },
    { path: `${below}/subscription`, handlers: { get: subscription, post: subscribe, delete: unsubscribe } },
    { path: `${below}/records`, handlers: { get: records } },
    { path: `${below}/offsets`, handlers: { post: commit } },
  ];
  return routes.flatMap(({ path, handlers }) => [
    { path, handlers },
    { path: `/:stage${path}`, handlers },
  ]);
}

/** The body by the schema; one that is empty stands for `{}`. */
async function readBodyAs<Schema extends z.ZodType>(
  req: Request,
  schema: Schema,
  budget: Door['budget'],
): Promise<z.output<Schema> | Refusal> {
  const body = await readWholeBody(req, bodyLimits, budget);
  if (!Buffer.isBuffer(body)) return body;
  const read = readBody(body.length === 0 ? Buffer.from('{}') : body);
  if (!read.ok) return refusalOfProblem(read.problem);
  const checked = schema.safeParse(read.row);
  return checked.success ? checked.data : refusalOfIssues(checked.error.issues);
}

/** `GET .../records`: what there is to read, in the format that instance and client agree on. */
async function pollRecords(all: Consumers, { group, name }: Path, req: Request): Promise<Answer | Refusal> {
  const settings = all.settingsOf(group, name);
  if (isRefusal(settings)) return settings;
  const type = chooseType(req.headers.accept, settings.format);
  if (type === undefined) return notAcceptable(settings.format);
  const query = queryOf(req);
  const timeoutMs = readCount(query, 'timeout') ?? settings['consumer.request.timeout.ms'] ?? readTimeoutMs.default;
  const bytesMax = readCount(query, 'max_bytes') ?? answerBytesMax;
  if (typeof timeoutMs === 'object') return timeoutMs;
  if (typeof bytesMax === 'object') return bytesMax;
  // A look at the headers must not take records.
  if (req.method === 'HEAD') return answerRecords([], settings.format, type);
  const gone = new AbortController();
  req.res?.once('close', () => gone.abort());
  const found = await all.poll(group, name, {
    timeoutMs: Math.min(timeoutMs, readTimeoutMs.max),
    bytesMax: Math.min(bytesMax, answerBytesMax),
    signal: gone.signal,
  });
  return Array.isArray(found) ? answerRecords(found, settings.format, type) : found;
}

const done: Answer = { status: 204, body: '', headers: {} };

function answerV2(body: object): Answer {
  return { status: 200, body: JSON.stringify(body), headers: { 'Content-Type': restV2Type } };
}

/** Where a client finds the API that was not told how it is reached: by the way that it came. */
function calledBy(req: Request, clients: Clients): string {
  const host = clients.hostOf(req) ?? `${req.socket.localAddress}:${req.socket.localPort}`;
  return `${clients.isSecure(req) ? 'https' : 'http'}://${host}`;
}

function pathOf(req: Request, group: string, name: string): string {
  const stage = req.params['stage'] === undefined ? '' : `/${encodeURIComponent(String(req.params['stage']))}`;
  return `${stage}/consumers/${group}/instances/${name}`;
}

/** A parameter that is a count; negative means the default, as with Confluent. */
function readCount(query: URLSearchParams, name: string): number | Refusal | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^-?\d{1,12}$/.test(text)) return noCount(name);
  return Number(text) < 0 ? undefined : Number(text);
}

/** The content type of records that the client accepts; undefined where it is none that the instance's format has. */
function chooseType(accept: string | undefined, format: ConsumerSettings['format']): string | undefined {
  const own = typeOfFormat(format);
  for (const part of (accept ?? '*/*').split(',')) {
    const type = part.split(';')[0]!.trim().toLowerCase();
    if (type === own || type === '*/*' || type === 'application/*') return own;
    if (type === restV2Type || type === 'application/json') return type;
  }
  return undefined;
}

function answerRecords(found: readonly ConsumedRecord[], format: ConsumerSettings['format'], type: string): Answer {
  const rows = found.map(({ topic, record: { key, value, partition, offset } }) => {
    const [shownKey, shownValue] =
      format === 'json' ? [JSON.stringify(key?.toString() ?? null), jsonOfBytes(value)] : [base64(key), base64(value)];
    return `{"topic":${JSON.stringify(topic)},"key":${shownKey},"value":${shownValue},"partition":${partition},"offset":${offset}}`;
  });
  return { status: 200, body: `[${rows.join(',')}]`, headers: { 'Content-Type': type } };
}

function base64(bytes: Buffer | null): string {
  return JSON.stringify(bytes?.toString('base64') ?? null);
}
