/** How many columns of a terminal a text takes, and the part of it that fits into some. The text is one line, printable. */
const ascii = /^[\x20-\x7e]*$/;
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** What takes two columns: characters of East Asia, most emoji, and whatever asks to be shown as one. */
const isWide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\ufe0f|[\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

export function columnsOf(text: string): number {
  if (ascii.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) columns += isWide.test(segment) ? 2 : 1;
  return columns;
}

/** At most `width` columns of the text; one that was cut ends in `…`. */
export function cutTo(text: string, width: number): string {
  let columns = 0;
  let end = 0;
  for (const { segment } of graphemes.segment(text)) {
    columns += isWide.test(segment) ? 2 : 1;
    if (columns > width) return `${text.slice(0, end)}…`;
    if (columns < width) end += segment.length;
  }
  return text;
}
