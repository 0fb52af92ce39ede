import { z } from 'zod';
import { refuseKeyConflict } from '#domain/kinds/row-key.ts';
import { flagLike, integerLike, makeIdentityText } from '#domain/kinds/field-schemas.ts';

/**
 * A pin as `POST /pin/` takes it: 11 fields are required; poster_name was never sent by the first clients, whose API
 * dropped it. Unknown fields are kept. The order is that of the 422 answer.
 */
export const pinItem = z
  .looseObject({
    index: integerLike,
    unique_id: makeIdentityText('pin'),
    title: z.string(),
    description: z.string(),
    poster_name: z.string().nullish(),
    follower_count: z.string().meta({ description: 'A count as the service shows it: 766, 5k, 15M.' }),
    tag_list: z.string().meta({ description: 'Tags, joined by commas.' }),
    is_image_or_video: z.string(),
    image_src: z.string(),
    downloaded: flagLike,
    save_location: z.string(),
    category: z.string(),
  })
  .check(refuseKeyConflict)
  .meta({
    description: 'A pin: 11 fields are required, poster_name may come as the twelfth, unknown fields are kept.',
    examples: [
      {
        index: 7528,
        unique_id: '3f0c1d2e-6a54-4b0f-9c57-0d1f2a3b4c5d',
        title: 'Ten quick ideas',
        description: 'Ideas for a rainy day',
        poster_name: 'Some Poster',
        follower_count: '5k',
        tag_list: 'Tag One,Tag Two',
        is_image_or_video: 'image',
        image_src: 'https://example.invalid/originals/a.jpg',
        downloaded: 1,
        save_location: 'Local save in /data/art',
        category: 'art',
      },
    ],
  });
