import fc from 'fast-check';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeNames } from '#domain/names.ts';
import { testConfig } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';
import type { CheckAnswer, OpenApi, Operation } from '../api/docs/document.ts';
import { makeCheckAnswer, operationsOf } from '../api/docs/document.ts';
import { startApi } from '../api/start-api.ts';
import type { Account } from './account.ts';
import { makeAccount } from './account.ts';
import type { RawAnswer } from './connection.ts';
import { converse, describe } from './connection.ts';
import type { DrawnRequest } from './draw-requests.ts';
import { drawRequests } from './draw-requests.ts';
import { hostileCases } from './hostile-cases.ts';

/** Most memory that the door may have had: its own, and the bodies that it may read at one time. */
const residentMegabytesMax = 600;
const bodyBytesMax = 67_108_864;
/** Answers that any request may get, whatever its route: they are the frame's, not the route's. */
const framesStatuses = new Set([400, 403, 404, 405, 408, 413, 417, 431]);

/**
 * Starts a door as a process and sends to it the hostile cases, then `runs` drawn requests; every answer is held to the
 * OpenAPI document, and the log to the answers.
 * @returns a sentence about what was done. @throws AssertionError with the request that does it, made small.
 */
export async function fuzzDoor({ runs, seed }: { runs: number; seed: number }): Promise<string> {
  const config = await testConfig({ ingestMaxBodyBytes: bodyBytesMax });
  const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test', connectionsMax: 1 });
  await migrate(postgres);
  await postgres.close();
  const api = startApi(config);
  const account = makeAccount();
  try {
    await api.waitForLine('api ready');
    const document = (await (await fetch(`${api.url}/openapi.json`)).json()) as OpenApi;
    const check = makeCheckAnswer(document);
    // A stream of events has no end that could be waited for.
    const operations = operationsOf(document).filter(({ operationId }) => operationId !== 'tail');
    const tried = await tryHostileCases(config.apiPort, account);
    const answered = new Map<number, number>();
    const property = fc.asyncProperty(drawRequests(operations), async (request) => {
      const answer = await tryRequest(config.apiPort, request, { operations, check });
      account.note(request.path, request.target, request.content, answer);
      answered.set(answer.status, (answered.get(answer.status) ?? 0) + 1);
    });
    await fc.assert(property, { numRuns: runs, seed });
    assert.equal((await fetch(`${api.url}/healthz`)).status, 200, 'the door serves on');
    assert.equal(api.child.exitCode, null, 'the process lives');
    assert.deepEqual(
      api.lines.filter(({ level }) => level === 'error'),
      [],
      'nothing that a client sends is an error of the door',
    );
    const megabytes = peakMegabytes(api.child.pid!);
    assert.ok(megabytes < residentMegabytesMax, `the door needed ${megabytes} MB`);
    const kafka = makeKafkaClient(config, 'pinflow-test');
    const topics = makeKafkaTopics(kafka);
    const records = await closing(topics, () => account.compare(kafka, topics, makeNames(config.prefix)));
    const statuses = [...answered].sort(([left], [right]) => left - right).map(([status, count]) => `${count} x ${status}`);
    return `seed ${seed}: ${tried} hostile cases and ${runs} drawn requests (${statuses.join(', ')}), ${records} events taken and stored; ${megabytes} MB at most`;
  } finally {
    api.child.kill('SIGTERM');
    await api.exited;
  }
}

async function closing<Result>(topics: KafkaTopics, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } finally {
    await topics.close();
  }
}

async function tryHostileCases(port: number, account: Account): Promise<number> {
  const cases = hostileCases();
  for (const { name, sending, statuses, mayReset = false, events = 0 } of cases) {
    const { answers, rest, wasReset } = await converse(port, sending);
    const said = answers.map(({ status }) => status);
    const isExpected =
      said.length === statuses.length && statuses.every((status, i) => (typeof status === 'number' ? [status] : status).includes(said[i]!));
    assert.ok(
      isExpected || (mayReset && wasReset && said.length === 0),
      `${name}: answered with ${said.join(', ') || 'nothing'}${wasReset ? ' and a reset' : ''}, expected ${statuses.join(', ')}`,
    );
    assert.equal(rest.length, 0, `${name}: bytes behind the last answer`);
    for (const answer of answers) assertJson(answer, name);
    account.add(events === 0 ? answers.filter(({ headers }) => headers.has('pinflow-receipt')).length : events);
    assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200, `after ${name}`);
  }
  return cases.length;
}

async function tryRequest(
  port: number,
  { path, method, target, head, body }: DrawnRequest,
  { operations, check }: { operations: readonly Operation[]; check: CheckAnswer },
): Promise<RawAnswer> {
  const pieces = [Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: localhost\r\n${head}\r\n`, 'latin1'), body];
  const { answers } = await converse(port, { pieces, expected: 1, bodiless: method === 'HEAD' });
  const [answer] = answers;
  assert.ok(answer !== undefined, `no answer to ${describe(pieces)}`);
  const { status, headers } = answer;
  const what = `${status} ${answer.body.toString().slice(0, 500)} to ${describe(pieces)}`;
  assert.ok(status < 500 || status === 503 || status === 504, what);
  // A healthy door refuses nothing for now but more consumer instances than it can have.
  assert.ok(status !== 503 || /^(\/\{stage\})?\/consumers\/\{group\}$/.test(path), what);
  if (method === 'HEAD') return answer;
  const type = headers.get('content-type') ?? null;
  const said = isJson(type) ? assertJson(answer, what) : answer.body.toString();
  const operation = operations.find((known) => known.path === path && known.method === method.toLowerCase());
  const problem = operation === undefined ? 'No operation' : check(operation, { status, type, body: said });
  const isFrames = framesStatuses.has(status) && isFramesShape(path, said);
  assert.ok(problem === undefined || isFrames, `${problem}: ${what}`);
  if (status === 405) assert.ok(headers.has('allow'), what);
  return answer;
}

/** A sentence in FastAPI's shape, or in that of the path's own clients. */
function isFramesShape(path: string, said: unknown): boolean {
  const { detail, error_code: code, __type: type, error } = (said ?? {}) as Record<string, unknown>;
  if (typeof detail === 'string') return true;
  if (path.includes('/streams/')) return typeof type === 'string';
  if (path === '/events') return typeof error === 'object';
  return /\/(topics|consumers)\//.test(path) && typeof code === 'number';
}

function assertJson({ status, headers, body }: RawAnswer, what: string): unknown {
  assert.ok(isJson(headers.get('content-type') ?? null), `${what}: ${status} is no JSON`);
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch (error) {
    throw new Error(`${what}: the answer to it is no JSON`, { cause: error });
  }
}

function isJson(type: string | null): boolean {
  return type !== null && /^application\/([\w.]+\+)?json\b/.test(type);
}

/** The most memory that a process had at one time; known on Linux only. */
function peakMegabytes(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1_024);
}
