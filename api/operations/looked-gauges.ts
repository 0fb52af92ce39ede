import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { Gauge } from 'prom-client';

/** One look serves all gauges of a scrape, and scrapes that come at once. */
const rememberMs = 1_000;
const answerMsMax = 1_000;

type AddGauge<Looked> = (name: string, help: string, labelNames: string[], set: (gauge: Gauge, looked: Looked) => void) => void;

/**
 * Makes gauges over what a look at Postgres shows. While it does not answer they are absent: what is not known is no
 * zero, and the scrape brings the rest all the same.
 */
export function makeLookedGauges<Looked>(registry: Registry, look: () => Promise<Looked>): AddGauge<Looked> {
  let asked: { at: number; looked: Promise<Looked | undefined> } | undefined;
  const lookOnce = (): Promise<Looked | undefined> => {
    const now = performance.now();
    if (asked === undefined || now - asked.at > rememberMs) asked = { at: now, looked: inTime(look()) };
    return asked.looked;
  };
  return (name, help, labelNames, set) =>
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames,
        // Every process reads the same table.
        aggregator: 'max',
        registers: [],
        async collect() {
          const looked = await lookOnce();
          this.reset();
          // Without labels a reset leaves a zero.
          if (labelNames.length === 0) this.remove();
          if (looked !== undefined) set(this, looked);
        },
      }),
    );
}

/** What the look showed, or undefined where it cannot be had soon: a scrape does not wait for a server that hangs. */
async function inTime<Looked>(looked: Promise<Looked>): Promise<Looked | undefined> {
  const late = new AbortController();
  try {
    return await Promise.race([looked, delay(answerMsMax, undefined, { ref: false, signal: late.signal })]);
  } catch {
    return undefined;
  } finally {
    late.abort();
  }
}
