import type { LogLevel } from '#adapters/log.ts';
import type { Clients } from '#api/access/clients.ts';
import type { Exchange, ExchangeListener } from '#api/door/exchange.ts';

/** Where lines go: standard output. */
export type LineOutput = { write(text: string): boolean; readonly writableLength: number };

export type AccessLog = {
  hear: ExchangeListener;
  /** Writes what waits. */
  flush: () => void;
};

/** Lines wait for one write together, this long or until they are this many bytes. */
const flushAfterMs = 100;
const flushBytes = 65_536;
/** Lines a second of requests that were refused; more are counted. */
const refusedLinesMax = 100;
/** Bytes that the reader of our output may be behind; beyond it lines are dropped and counted. */
const behindBytesMax = 1_048_576;
const textCharactersMax = 256;

/**
 * A JSON line a request: who asked for what and what came of it, never a key, an event's value or the value of a query
 * parameter. Of requests answered below 400 the share `sample` is shown, of the others all, up to a bound a second. Off
 * the hot path: what is not shown costs a comparison, what is shown is written together with its neighbours.
 */
export function makeAccessLog(options: {
  sample: number;
  /** Least severe level that is written; the lines are `info`. */
  level: LogLevel;
  output: LineOutput;
  clients: Pick<Clients, 'addressOf'>;
  /** Milliseconds of any steady clock. */
  now?: () => number;
}): AccessLog {
  const { sample, output } = options;
  if (options.level !== 'debug' && options.level !== 'info') return { hear: () => undefined, flush: () => undefined };
  const now = options.now ?? (() => performance.now());
  let waiting = '';
  let timer: NodeJS.Timeout | undefined;
  let windowStart = now();
  let shown = 0;
  let leftOut = 0;
  let dropped = 0;

  function hear(exchange: Exchange, status: number): void {
    if (status < 400 ? sample < 1 && Math.random() >= sample : !hasRoom()) return;
    add(lineOf(exchange, status, now(), options.clients.addressOf(exchange.req)));
  }

  /** Whether this second has room for one more refused request. */
  function hasRoom(): boolean {
    rollWindow();
    if (shown < refusedLinesMax) {
      shown++;
      return true;
    }
    leftOut++;
    schedule();
    return false;
  }

  function rollWindow(): void {
    if (now() - windowStart < 1_000) return;
    windowStart = now();
    shown = 0;
    if (leftOut === 0) return;
    const requests = leftOut;
    leftOut = 0;
    add(noteOf('refused requests were left out of the access log', requests));
  }

  function add(line: string): void {
    waiting += line;
    if (waiting.length >= flushBytes) write();
    else schedule();
  }

  function schedule(): void {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      rollWindow();
      write();
      if (leftOut > 0) schedule();
    }, flushAfterMs);
    timer.unref();
  }

  function write(): void {
    if (waiting === '') return;
    const lines = waiting;
    waiting = '';
    if (output.writableLength > behindBytesMax) {
      dropped += lines.split('\n').length - 1;
      return;
    }
    const lost = dropped;
    dropped = 0;
    output.write(lost === 0 ? lines : noteOf('lines of the access log were dropped: nobody reads them fast enough', lost) + lines);
  }

  return {
    hear,
    flush() {
      if (leftOut > 0) waiting += noteOf('refused requests were left out of the access log', leftOut);
      leftOut = 0;
      write();
    },
  };
}

const common = { level: 'info', component: 'api' };

function noteOf(msg: string, requests: number): string {
  return `${JSON.stringify({ time: new Date().toISOString(), ...common, msg, requests })}\n`;
}

function lineOf(exchange: Exchange, status: number, now: number, client: string): string {
  const { req, refusal, rejected } = exchange;
  return `${JSON.stringify({
    time: new Date().toISOString(),
    ...common,
    msg: 'request',
    requestId: exchange.id,
    method: req.method,
    path: pathOf((req as { originalUrl?: string }).originalUrl ?? req.url ?? ''),
    route: exchange.route,
    status,
    ms: Math.round((now - exchange.startedAt) * 100) / 100,
    bytesIn: exchange.bytesIn,
    events: exchange.events,
    ...(rejected.count === 0 ? {} : { rejected: rejected.count }),
    ...(refusal === undefined ? {} : { reason: refusal.reason }),
    keyId: exchange.keyId,
    source: exchange.source.slice(0, textCharactersMax),
    client,
  })}\n`;
}

const parameterName = /^[\w.-]{1,32}(?==)/;

/** The target with the names of its parameters, without their values: clients put all sorts of things there. */
function pathOf(target: string): string {
  const query = target.indexOf('?');
  const path = (query < 0 ? target : target.slice(0, query)).slice(0, textCharactersMax);
  if (query < 0) return path;
  const names = target
    .slice(query + 1)
    .split('&', 16)
    .map((part) => parameterName.exec(part)?.[0] ?? '...');
  return `${path}?${names.join('&')}`;
}
