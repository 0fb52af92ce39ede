import type { PinSource } from '#emulator/synthetic/rows.ts';

/** The brief's twelve columns of a pin. */
export type PlainPin = {
  ind: number;
  unique_id: string;
  title: string | null;
  description: string | null;
  follower_count: number | null;
  poster_name: string | null;
  tag_list: string[] | null;
  is_image_or_video: string | null;
  image_src: string | null;
  save_location: string | null;
  category: string | null;
  downloaded: boolean;
};

const factors: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, B: 1e9 };
const placePrefix = 'Local save in ';

/**
 * Cleans a pin as a loop of one's own would: what the scraper wrote where it found nothing becomes null, counts become
 * numbers. It knows the dirt of the synthetic pins and no more: no rejects, no notes, no other spelling of a field.
 */
export function cleanPlainly(value: Buffer): PlainPin {
  const pin = JSON.parse(value.toString()) as PinSource;
  return {
    ind: pin.index,
    unique_id: pin.unique_id,
    title: unless(pin.title, 'No Title Data Available'),
    description: unless(pin.description, 'No description available', 'No description available Story format'),
    follower_count: countOf(pin.follower_count),
    poster_name: unless(pin.poster_name, 'User Info Error'),
    tag_list: tagsOf(pin.tag_list),
    is_image_or_video: unless(pin.is_image_or_video),
    image_src: unless(pin.image_src, 'Image src error.'),
    save_location: unless(pin.save_location.startsWith(placePrefix) ? pin.save_location.slice(placePrefix.length) : pin.save_location),
    category: unless(pin.category),
    downloaded: pin.downloaded === 1,
  };
}

function unless(text: string, ...missing: readonly string[]): string | null {
  const trimmed = text.trim();
  return trimmed === '' || missing.includes(trimmed) ? null : text;
}

function countOf(text: string): number | null {
  const [, digits, suffix = ''] = /^(\d+(?:\.\d+)?)([kMB]?)$/.exec(text.trim()) ?? [];
  return digits === undefined ? null : Math.round(Number(digits) * (factors[suffix] ?? 1));
}

function tagsOf(text: string): string[] | null {
  if (text === 'N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e') return null;
  const tags = text.split(',').filter((tag) => tag.trim() !== '');
  return tags.length === 0 ? null : tags;
}
