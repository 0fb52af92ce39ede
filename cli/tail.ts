import { once } from 'node:events';
import { apiUrlOf } from '#questions/endpoints.ts';
import type { TailLine } from '#domain/answers/tail-lines.ts';
import type { Config } from '#adapters/config.ts';
import { Failure } from '#domain/failures.ts';
import { printable } from '#domain/printable.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { exitCodes } from './exit-codes.ts';
import { orNothingRuns } from './nothing-runs.ts';
import type { HomeOption } from './home-option.ts';
import { readRunningSettings } from './settings.ts';
import { tailText } from './tail-text.ts';

export type TailOptions = HomeOption & { rejected?: boolean; json?: boolean; limit?: number; since?: string };

/** Shows what the API's `/api/tail` sends until `--limit` or Ctrl-C; returns the exit code. */
export async function tail(kind: Kind | undefined, options: TailOptions): Promise<number> {
  const config = readRunningSettings(options);
  const stopping = new AbortController();
  // `on`, not `once`: a terminal and the entry script both pass a Ctrl-C on.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
  let shown = 0;
  try {
    const body = await orNothingRuns(config, () => openTail(config, kind, options, stopping.signal));
    for await (const line of linesOf(body)) {
      const parsed = JSON.parse(line) as TailLine;
      if (parsed.type !== 'skipped' && parsed.type !== 'note') shown++;
      await print(line, parsed, options.json === true);
    }
  } catch (error) {
    if (stopping.signal.aborted) return exitCodes.done;
    if (error instanceof Failure) throw error;
    throw new Failure('unavailable', `The API broke off the tail: ${reasonOf(error)}.`, { cause: error });
  }
  if (stopping.signal.aborted || shown === options.limit) return exitCodes.done;
  throw new Failure('unavailable', 'The API ended the tail: start it again once the API runs.');
}

async function openTail(
  config: Config,
  kind: Kind | undefined,
  { rejected, limit, since }: TailOptions,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const query = new URLSearchParams();
  if (kind !== undefined) query.set('kind', kind);
  if (rejected === true) query.set('rejected', 'true');
  if (limit !== undefined) query.set('limit', String(limit));
  if (since !== undefined) query.set('since', since);
  const api = apiUrlOf(config).replace(/\/+$/, '');
  const headers = config.apiKey === undefined ? {} : { Authorization: `Bearer ${config.apiKey}` };
  let response: Response;
  try {
    response = await fetch(`${api}/api/tail?${query.toString()}`, { headers, signal, redirect: 'error' });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Failure('unavailable', `The API cannot be reached at ${api} (${reasonOf(error)}): is it running?`, { cause: error });
  }
  if (response.status !== 200 || response.body === null) {
    const said = detailOf(await response.text());
    const advice = response.status === 401 || response.status === 403 ? ' Set PINFLOW_API_KEY to a key with the scope read.' : '';
    throw new Failure('denied', `The API at ${api} answered ${response.status}${said === '' ? '' : `: ${said}`}.${advice}`);
  }
  return response.body;
}

/** Lines of NDJSON without those that only keep the connection alive. */
async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
  }
}

async function print(line: string, parsed: TailLine, json: boolean): Promise<void> {
  // Values are what clients sent: a terminal must not act on them. Escaped so, JSON stays the same JSON.
  const text = json ? printable(line) : tailText(parsed, process.stdout.isTTY ? process.stdout.columns : undefined);
  if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
}

function detailOf(text: string): string {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === 'string' ? printable(detail) : '';
  } catch {
    // Not the API's words: a proxy's page, say. The status is all there is to tell.
    return '';
  }
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message?: string };
  return cause?.code ?? cause?.message ?? message ?? String(error);
}
