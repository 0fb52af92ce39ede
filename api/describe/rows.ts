type Row = Readonly<Record<string, unknown>>;

/** Rows of the examples: invented, in the shape that clients send. */
export const pin: Row = {
  index: 7528,
  unique_id: '3f0c1d2e-6a54-4b0f-9c57-0d1f2a3b4c5d',
  title: 'Café 🚀 ideas',
  description: 'Ten quick ideas…\u00a0',
  poster_name: 'Some Poster',
  follower_count: '5k',
  tag_list: 'Tag One,Tag Two',
  is_image_or_video: 'image',
  image_src: 'https://example.invalid/originals/a.jpg',
  downloaded: 1,
  save_location: 'Local save in /data/art',
  category: 'art',
};
export const geo: Row = {
  ind: 7528,
  timestamp: '2020-08-28 03:52:47',
  latitude: -89.9787,
  longitude: -173.293,
  country: "Cote d'Ivoire",
};
export const user: Row = { ind: 7528, first_name: 'Ada', last_name: 'Example', age: 20, date_joined: '2015-10-24T11:23:51' };

export function without(row: Row, ...fields: readonly string[]): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !fields.includes(name)));
}
