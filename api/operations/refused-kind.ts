import type { Exchange } from '#api/door/exchange.ts';
import { kindByEnding, parseTopicName } from '#domain/door/topic-name.ts';
import type { Kind } from '#domain/kinds/list.ts';

const namedInPath = /\/(?:topics|streams)\/([^/?]+)/;

/** The kind of events that a refused request was about, as far as its target tells; empty where it does not. */
export function kindOfRefused({ route, req }: Pick<Exchange, 'route' | 'req'>, kindByName: ReadonlyMap<string, Kind>): Kind | '' {
  const target = (req as { originalUrl?: string }).originalUrl ?? req.url ?? '';
  const parameter = (name: string): string => new URLSearchParams(target.split('?', 2)[1]).get(name) ?? '';
  switch (route) {
    case 'pin':
      return 'pin';
    case 'topics':
    case 'streams':
      return kindOfName(namedInPath.exec(target)?.[1] ?? '', kindByName);
    case 'send_data':
      return kindOfName(parameter('topic'), kindByName);
    case 'events': {
      const ending = parameter('kind');
      return Object.hasOwn(kindByEnding, ending) ? kindByEnding[ending]! : '';
    }
    default:
      return '';
  }
}

function kindOfName(name: string, kindByName: ReadonlyMap<string, Kind>): Kind | '' {
  return parseTopicName(name, kindByName)?.kind ?? '';
}
