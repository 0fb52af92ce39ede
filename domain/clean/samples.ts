import type { Kind, LogRecord } from '#domain/terms.ts';

/** One event a kind that cleaning takes, with every field: what fails on these fails on all. */
const sampleValues: Record<Kind, object> = {
  pin: {
    index: 1,
    unique_id: '3b6f5a1e-6a54-4b0f-9c57-0d1f2a3b4c5d',
    title: 'A title',
    description: 'A description',
    poster_name: 'A poster',
    follower_count: '12k',
    tag_list: 'One,Two',
    is_image_or_video: 'image',
    image_src: 'https://example.invalid/a.jpg',
    downloaded: 1,
    save_location: 'Local save in /data/art',
    category: 'art',
  },
  geo: { ind: 1, timestamp: '2020-01-02T03:04:05', latitude: 1.5, longitude: -2.5, country: 'Norway' },
  user: { ind: 1, first_name: 'A', last_name: 'Name', age: 30, date_joined: '2020-01-02T03:04:05' },
};

/** The sample of a kind as a record; its place in the log means nothing. */
export function sampleRecord(kind: Kind): LogRecord {
  const value = Buffer.from(JSON.stringify(sampleValues[kind]));
  return { topic: kind, partition: 0, offset: 0, appendTimeMs: 0, key: null, value, headers: [] };
}
