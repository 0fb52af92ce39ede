import type { PythonRandom } from '#emulator/synthetic/python-random.ts';
import { inMathsLetters, pick } from '#emulator/synthetic/people.ts';
import type { Category } from '#emulator/synthetic/words.ts';
import { accentedWords, adjectives, categoryThings, closers, emoji, occasions, openers, rightToLeft } from '#emulator/synthetic/words.ts';

/** Titles, descriptions and tags of the synthetic pins: invented sentences with the original's marks in them. */

const titleMax = 199;
const descriptionMax = 201;
const nbsp = '\u00a0';

export function drawTitle(random: PythonRandom, category: Category): string {
  const thing = pick(random, categoryThings[category]);
  const adjective = pick(random, adjectives);
  const occasion = pick(random, occasions);
  const plain = pick(random, [
    `${random.randint(3, 101)} ${adjective} ${thing} Ideas for ${occasion}`,
    `${adjective} ${thing} Ideas`,
    `How to Plan a ${adjective} ${thing}`,
    `The ${adjective} ${thing} Guide for ${occasion} - Free Template`,
    `${thing}: ${adjective} and ${pick(random, adjectives)}`,
  ]);
  return decorateTitle(random, plain).slice(0, titleMax);
}

/** About a tenth of the titles gets letters beyond ASCII, a hundredth letters beyond the BMP. */
function decorateTitle(random: PythonRandom, title: string): string {
  const dice = random.randrange(1000);
  if (dice < 35)
    return title.replace(' Ideas', ' – Ideas').replace('How to', 'Here’s How to').replace(': ', ' — ').replace(' Guide', ' Guide™');
  if (dice < 75) return `${pick(random, accentedWords)} ${title}`;
  if (dice < 83) return `${title} ${pick(random, emoji)}`;
  if (dice < 87) return inMathsLetters(title);
  if (dice < 91) return pick(random, rightToLeft);
  if (dice < 95) return [title, pick(random, closers), pick(random, closers), pick(random, closers), title].join(', ');
  return title;
}

/** A third ends cut off, with an ellipsis and a no-break space; the longest has 201 characters. */
export function drawDescription(random: PythonRandom, category: Category): string {
  if (random.randrange(1000) < 5) return `${pick(random, rightToLeft)} ${pick(random, rightToLeft)}`;
  const sentence = (): string =>
    `${pick(random, openers)} ${pick(random, adjectives).toLowerCase()} ${pick(random, categoryThings[category]).toLowerCase()} ideas for ${pick(random, occasions).toLowerCase()} ${pick(random, closers)}.`;
  const cut = random.randrange(1000) < 420;
  let text = sentence();
  while (cut ? text.length < descriptionMax : random.randrange(10) < 3) text += ` ${sentence()}`;
  if (random.randrange(1000) < 60) text = text.replace(/\.$/, ` ${pick(random, emoji)} #${category.replaceAll('-', '')}`);
  return cut
    ? `${text.slice(0, random.randint(150, descriptionMax - 2)).toWellFormed()}…${nbsp}`
    : text.slice(0, descriptionMax - 10).toWellFormed();
}

/** Nine tags joined by commas; rarely three to eight, rarely one that begins with a blank. */
export function drawTags(random: PythonRandom, category: Category): string {
  const count = random.randrange(1000) < 3 ? random.randint(3, 8) : 9;
  const tags = Array.from({ length: count }, () => `${pick(random, adjectives)} ${pick(random, categoryThings[category])}`);
  if (random.randrange(1000) < 5) tags[1] = ` ${tags[1]}`;
  return tags.join(',').slice(0, 254);
}

/** Marks that occur a handful of times in the whole table: each is laid over one row's title. */
export const rareTitles: readonly { name: string; rows: number; apply: (title: string) => string }[] = [
  { name: 'newline', rows: 20, apply: (title) => title.replace(' ', '\n') },
  { name: 'nbsp', rows: 25, apply: (title) => title.replace(' ', nbsp) },
  { name: 'c1 control', rows: 3, apply: (title) => `${title}\u0092s` },
  { name: 'not nfc', rows: 5, apply: (title) => `Cafe\u0301 ${title}` },
  { name: 'dollars', rows: 4, apply: (title) => `Save $$ on ${title}` },
  { name: 'backslash', rows: 4, apply: (title) => `Home \\ ${title}` },
  { name: 'quotes', rows: 60, apply: (title) => `"${title}"` },
  { name: 'html', rows: 8, apply: (title) => `<p style="text-align:center">${title}</p>` },
  {
    name: 'longest',
    rows: 1,
    apply: (title) =>
      `${title}, `
        .repeat(20)
        .slice(0, titleMax - 1)
        .concat('!'),
  },
  { name: 'untitled', rows: 2, apply: () => 'Untitled' },
];

/** The same for descriptions. `escaped twice` is damage seen in the wild. */
export const rareDescriptions: readonly { name: string; rows: number; apply: (description: string) => string }[] = [
  { name: 'untitled', rows: 2, apply: () => 'Untitled' },
  { name: 'escaped twice', rows: 2, apply: (description) => `${description.slice(0, 100)}\\u2026\\\\xa0` },
  { name: 'dollars', rows: 3, apply: (description) => `$$ ${description.slice(0, 150)}` },
];
