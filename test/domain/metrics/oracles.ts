import { definitionOf } from '#domain/kinds/list.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { Answer, Event } from '#test/domain/metrics/measured.ts';
import { noon } from '#test/domain/metrics/measured.ts';

/** An identity as the words have it: content of its latest record, position of its first. */
type Identity = { content: Record<string, unknown>; first: Place };
type Place = { second: number; partition: number; offset: number };

/** What each metric answers about events, in plain code that shares nothing with the product. */
export const oracles: Record<string, (events: readonly Event[]) => Answer> = {
  pins_per_category(events) {
    const counts = Map.groupBy(identities(events, 'pin'), ({ content }) => content['category'] ?? null);
    return [...counts].map(([category, pins]) => ({ category, pins: pins.length }));
  },

  popular_category_per_year(events) {
    const geo = new Map(identities(events, 'geo').map(({ content }) => [content['ind'], content['timestamp'] as string]));
    const posts = identities(events, 'pin')
      .filter(({ content }) => content['category'] !== undefined && geo.get(content['index']) !== undefined)
      .map(({ content }) => ({ year: new Date(`${geo.get(content['index'])}Z`).getUTCFullYear(), category: content['category'] }));
    return [...Map.groupBy(posts, ({ year }) => year)].flatMap(([year, ofYear]) => {
      const counts = [...Map.groupBy(ofYear, ({ category }) => category)].map(([category, some]) => ({ category, n: some.length }));
      const most = Math.max(...counts.map(({ n }) => n));
      return counts.filter(({ n }) => n === most).map(({ category, n }) => ({ post_year: year, category, category_count: n }));
    });
  },

  category_per_minute(events) {
    const minuteOf = ({ first }: Identity): string => new Date(noon + Math.floor(first.second / 60) * 60_000).toISOString();
    const windows = Map.groupBy(identities(events, 'pin'), (one) => JSON.stringify([minuteOf(one), one.content['category'] ?? null]));
    return [...windows].map(([key, pins]) => {
      const [window_start, category] = JSON.parse(key) as [string, string | null];
      return { window_start, category, pins: pins.length };
    });
  },

  profile_popularity(events) {
    const posted = identities(events, 'pin').filter(({ content }) => content['poster_name'] !== undefined);
    const profiles = [...Map.groupBy(posted, ({ content }) => content['poster_name'])].map(([poster, posts]) => {
      const counted = posts.filter(({ content }) => content['follower_count'] !== undefined);
      const latest = counted.toSorted((a, b) => compare(a.first, b.first)).at(-1);
      return { poster, posts: posts.length, followers: latest === undefined ? null : Number(latest.content['follower_count']) };
    });
    return profiles.map(({ poster, posts, followers }) => ({
      poster_name: poster,
      follower_count: followers,
      posts,
      // Those without a count come last, together.
      rank: 1 + profiles.filter((other) => (other.followers ?? -1) > (followers ?? -1)).length,
      // All events are older than an hour.
      change_1h: followers === null ? null : 0,
    }));
  },
};

function identities(events: readonly Event[], kind: Kind): Identity[] {
  const offsets = new Map<number, number>();
  const placed = events
    .filter((event) => event.kind === kind)
    .map(({ partition, second, value }) => {
      const offset = offsets.get(partition) ?? 0;
      offsets.set(partition, offset + 1);
      return { second, partition, offset, value };
    });
  return [...Map.groupBy(placed, ({ value }) => value[definitionOf[kind].identity]).values()].map((records) => {
    const ordered = records.toSorted(compare);
    return { content: ordered.at(-1)!.value, first: ordered[0]! };
  });
}

function compare(a: Place, b: Place): number {
  return a.second - b.second || a.partition - b.partition || a.offset - b.offset;
}
