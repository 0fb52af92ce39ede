/**
 * Text for a terminal: control characters (C0, DEL, C1) as \uXXXX. Rows hold them on
 * purpose, and a terminal must not act on them.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\0-\x1f\x7f-\x9f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
