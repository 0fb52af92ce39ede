import type { IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Endpoints } from '#questions/endpoints.ts';
import { apiUrlOf, describeEndpoints } from '#questions/endpoints.ts';
import type { Status } from '#questions/status.ts';
import type { Config } from '#adapters/config.ts';

/** A look takes the API some 0.1 s, and as long as its slowest probe (2 s) where a server does not answer. */
const answerMs = 4_000;

const parts = [
  'at',
  'endpoints',
  'servers',
  'orchestration',
  'stream',
  'landing',
  'intervals',
  'heldIntervals',
  'backingOff',
  'generation',
  'lake',
  'cleanup',
  'problems',
] as const satisfies readonly (keyof Status)[];

/**
 * What the API says of the pipeline; undefined where it is down, asks for a key, is of another release, or speaks of other
 * servers than `config` names.
 */
export async function askApiForStatus(config: Config): Promise<Status | undefined> {
  try {
    const answer = await get(`${apiUrlOf(config)}/api/status`);
    if (answer.statusCode !== 200) {
      answer.destroy();
      return undefined;
    }
    const said = await json(answer);
    return isStatus(said) && isOfSameServers(said.endpoints, config) ? said : undefined;
  } catch {
    // Whatever hinders it, the look of our own says so.
    return undefined;
  }
}

/** Not fetch: it takes longer to load than the API to answer. */
async function get(url: string): Promise<IncomingMessage> {
  const client = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  return new Promise((resolve, reject) => {
    client.get(url, { agent: false, signal: AbortSignal.timeout(answerMs) }, resolve).on('error', reject);
  });
}

function isStatus(said: unknown): said is Status {
  return typeof said === 'object' && said !== null && parts.every((part) => part in said);
}

/** Its address may be one that another stack took over. */
function isOfSameServers({ kafka, postgres, temporal }: Endpoints, config: Config): boolean {
  const ours = describeEndpoints(config, null);
  return kafka === ours.kafka && postgres === ours.postgres && temporal === ours.temporal;
}
