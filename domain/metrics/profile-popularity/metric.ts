import { column } from '#domain/kinds/columns.ts';
import type { StreamMetric } from '#domain/metrics/metric.ts';

const folder = 'metrics/profile-popularity';

export const profilePopularity: StreamMetric = {
  name: 'profile_popularity',
  description: 'Posters by their latest follower count by position, with their posts and the change since an hour ago.',
  unit: 'followers',
  columns: [
    column('poster_name', 'VARCHAR'),
    column('follower_count', 'BIGINT'),
    column('posts', 'BIGINT'),
    column('rank', 'BIGINT'),
    column('change_1h', 'BIGINT'),
  ],
  picture: { form: 'bars', labels: ['poster_name'], value: 'follower_count' },
  stream: {
    kind: 'pin',
    reads: ['poster_name', 'follower_count'],
    key: [{ name: 'poster_name', postgres: 'text', long: 'never NULL' }],
    values: [
      { name: 'posts', postgres: 'bigint', merge: 'sum' },
      { name: 'follower_count', postgres: 'bigint', merge: 'latest' },
    ],
    changesSql: `${folder}/stream.sql`,
    correction: { hitSql: `${folder}/hit.sql`, recomputeSql: `${folder}/recompute.sql` },
    viewSql: `${folder}/view.sql`,
  },
};
