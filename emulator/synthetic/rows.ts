import { drawDescription, drawTags, drawTitle, rareDescriptions, rareTitles } from '#emulator/synthetic/pin-text.ts';
import type { Poster } from '#emulator/synthetic/people.ts';
import { drawFollowers, drawPosterName, driftFollowers, makeUser } from '#emulator/synthetic/people.ts';
import type { PythonRandom } from '#emulator/synthetic/python-random.ts';
import { makePythonRandom } from '#emulator/synthetic/python-random.ts';
import type { Category } from '#emulator/synthetic/words.ts';
import { categories } from '#emulator/synthetic/words.ts';

/**
 * Synthetic look-alikes of the course's three source tables: the same columns, the same dirt in about the same
 * proportions (per 4,428 rows of the original), invented content. A pure function of the seed.
 */
export type PinSource = {
  index: number;
  unique_id: string;
  title: string;
  description: string;
  poster_name: string;
  follower_count: string;
  tag_list: string;
  is_image_or_video: string;
  image_src: string;
  downloaded: number;
  save_location: string;
  category: string;
};
export type GeoSource = { ind: number; timestamp: string; latitude: number; longitude: number; country: string };
export type UserSource = { ind: number; first_name: string; last_name: string; age: number; date_joined: string };
export type SyntheticRows = { pin: PinSource[]; geo: GeoSource[]; user: UserSource[] };

export const syntheticRowCount = 11_154;

/** The texts that stand where the original's scraper found nothing. Cleaning turns them into NULL. */
const missingText = {
  title: 'No Title Data Available',
  story: 'No description available Story format',
  description: 'No description available',
  poster: 'User Info Error',
  tags: 'N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e',
  image: 'Image src error.',
};

/** What a row is; `of4428` is how often it occurred among the original's 4,428 rows. The rest are plain images. */
const shapes = {
  error: { of4428: 33 },
  storyWithoutPicture: { of4428: 65 },
  storyWithoutPictureAndTags: { of4428: 7 },
  story: { of4428: 232 },
  imageWithoutDescription: { of4428: 68 },
  videoWithoutDescription: { of4428: 4 },
  video: { of4428: 127 },
  imageWithoutTags: { of4428: 29 },
  imageWithoutTitle: { of4428: 1 },
  imageWithoutPicture: { of4428: 1 },
} as const;
type Shape = keyof typeof shapes | 'image';

/** Makes all rows. The default seed is the one that the embedded source database is filled with. */
export function makeSyntheticRows(seed = 2022, count = syntheticRowCount): SyntheticRows {
  const random = makePythonRandom(seed);
  const shapeOf = assignShapes(random, count);
  const posterOf = makePosterDraw(random);
  const pins: PinSource[] = [];
  const geo: GeoSource[] = [];
  const users: UserSource[] = [];
  for (let index = 0; index < count; index++) {
    const shape = shapeOf[index] as Shape;
    const category = categoryOf(index, count);
    const poster = posterOf(shape, category);
    pins.push(makePin(random, index, category, shape, poster));
    geo.push({
      ind: index,
      timestamp: isoSeconds(drawPostedMs(random, poster.user.joinedMs)),
      latitude: poster.user.latitude,
      longitude: poster.user.longitude,
      country: poster.user.country,
    });
    users.push({
      ind: index,
      first_name: poster.user.firstName,
      last_name: poster.user.lastName,
      age: poster.user.age,
      date_joined: isoSeconds(poster.user.joinedMs),
    });
  }
  layRareTexts(random, pins);
  return { pin: pins, geo, user: users };
}

/** The table is sorted by category: thirteen blocks of nearly the same size. */
function categoryOf(index: number, count: number): Category {
  return categories[Math.floor((index * categories.length) / count)] as Category;
}

function assignShapes(random: PythonRandom, count: number): Shape[] {
  const order = shuffled(random, count);
  const assigned = new Array<Shape>(count).fill('image');
  for (const [shape, { of4428 }] of Object.entries(shapes)) {
    const rows = Math.round((of4428 * count) / 4428);
    for (const index of order.splice(0, rows)) assigned[index] = shape as Shape;
  }
  return assigned;
}

function shuffled(random: PythonRandom, count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.randrange(i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

/**
 * Draws the poster of the next row: a new one for nearly half of the rows, else that of an earlier row, usually of the
 * same category. So a few posters have many pins and most have one.
 */
function makePosterDraw(random: PythonRandom): (shape: Shape, category: Category) => Poster {
  const nameless: Poster = { name: missingText.poster, followers: missingText.poster, user: makeUser(random) };
  const names = new Set<string>();
  const drawn: Poster[] = [];
  let categoryStart = 0;
  let previous: Category | undefined;

  function makePoster(): Poster {
    let name = drawPosterName(random);
    // "Pine Studio", then "Pine Studio 2": one poster name belongs to one user.
    for (let n = 2; names.has(name); n++) name = `${name.replace(/ \d+$/, '').trimEnd()} ${n}`;
    names.add(name);
    return { name, followers: drawFollowers(random), user: makeUser(random) };
  }

  return (shape, category) => {
    if (shape === 'error') return nameless;
    if (category !== previous) categoryStart = drawn.length;
    previous = category;
    const earliest = random.randrange(10) < 8 ? categoryStart : 0;
    const isNew = earliest >= drawn.length || random.randrange(1000) < 475;
    const poster = isNew ? makePoster() : (drawn[random.randint(earliest, drawn.length - 1)] as Poster);
    drawn.push(poster);
    return poster;
  };
}

function makePin(random: PythonRandom, index: number, category: Category, shape: Shape, poster: Poster): PinSource {
  const isStory = shape === 'error' || shape.startsWith('story');
  const lacks = (...those: Shape[]): boolean => shape === 'error' || those.includes(shape);
  const lacksPicture = lacks('storyWithoutPicture', 'storyWithoutPictureAndTags', 'imageWithoutPicture');
  return {
    index,
    unique_id: drawUuid4(random),
    title: lacks('imageWithoutTitle') ? missingText.title : drawTitle(random, category),
    description: isStory
      ? missingText.story
      : lacks('imageWithoutDescription', 'videoWithoutDescription')
        ? missingText.description
        : drawDescription(random, category),
    poster_name: poster.name,
    // In the original one row more lacks the count than lacks the name.
    follower_count: lacks('imageWithoutTitle') ? missingText.poster : driftFollowers(random, poster.followers),
    tag_list: lacks('storyWithoutPictureAndTags', 'imageWithoutTags') ? missingText.tags : drawTags(random, category),
    is_image_or_video: isStory ? 'multi-video(story page format)' : shape.startsWith('video') ? 'video' : 'image',
    image_src: lacksPicture ? missingText.image : drawImageUrl(random),
    downloaded: lacksPicture ? 0 : 1,
    save_location: `Local save in /data/${category}`,
    category,
  };
}

/** Thirty-two hexadecimal digits with the version and variant marks of a random UUID. */
function drawUuid4(random: PythonRandom): string {
  const hex = Array.from({ length: 4 }, () => random.word().toString(16).padStart(8, '0')).join('');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

function drawImageUrl(random: PythonRandom): string {
  const name = [random.word(), random.word(), random.word(), random.word()].map((word) => word.toString(16).padStart(8, '0')).join('');
  const dice = random.randrange(100);
  const extension = dice < 90 ? 'jpg' : dice < 96 ? 'png' : dice < 98 ? 'webp' : 'gif';
  return `https://images.example.invalid/originals/${name.slice(0, 2)}/${name.slice(2, 4)}/${name.slice(4, 6)}/${name}.${extension}`;
}

const postedFirstMs = Date.UTC(2017, 9, 19, 15, 13, 42);
const postedLastMs = Date.UTC(2022, 9, 19, 17, 54, 26);

/** A whole second after the user joined. */
function drawPostedMs(random: PythonRandom, joinedMs: number): number {
  const fromMs = Math.max(postedFirstMs, joinedMs + 1000);
  return fromMs + random.randrange((postedLastMs - fromMs) / 1000) * 1000;
}

function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19);
}

/** Lays the marks that occur only a few times over plain image rows, each row at most one, and repeats some pictures. */
function layRareTexts(random: PythonRandom, pins: PinSource[]): void {
  const plain = pins.filter(
    (pin) =>
      pin.downloaded === 1 &&
      pin.is_image_or_video === 'image' &&
      pin.title !== missingText.title &&
      pin.description !== missingText.description &&
      /^[ -~]+$/.test(pin.title),
  );
  const free = shuffled(random, plain.length).map((i) => plain[i] as PinSource);
  const scale = pins.length / syntheticRowCount;
  const take = (rows: number): PinSource[] => free.splice(0, Math.ceil(rows * scale));
  for (const { rows, apply } of rareTitles) for (const pin of take(rows)) pin.title = apply(pin.title).slice(0, 199);
  for (const { rows, apply } of rareDescriptions) for (const pin of take(rows)) pin.description = apply(pin.description);
  const [first, ...others] = take(25);
  let picture = first;
  // Twelve pictures serve two rows each.
  for (const [i, pin] of others.entries()) {
    if (i % 2 === 0 && picture !== undefined) pin.image_src = picture.image_src;
    else picture = pin;
  }
}
