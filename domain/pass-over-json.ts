/**
 * Index behind the object or array that begins at `from` in a text that is known to be JSON: nothing of it is checked, which
 * makes it faster than `scan-json.ts`. `characters` may have one a byte (latin1), for structure is ASCII.
 */
export function closedAt(characters: string, from: number): number {
  let open = 0;
  let i = from;
  while (i < characters.length) {
    const c = characters.charCodeAt(i++);
    if (c === 0x22) i = quoteAt(characters, i) + 1;
    else if (c === 0x7b || c === 0x5b) open += 1;
    else if ((c === 0x7d || c === 0x5d) && --open === 0) break;
  }
  return i;
}

/** Index of the quote that ends a string of such a text: one with an even number of backslashes before it. */
function quoteAt(characters: string, from: number): number {
  let quote = characters.indexOf('"', from);
  while (quote > 0) {
    let before = quote;
    while (characters.charCodeAt(before - 1) === 0x5c) before -= 1;
    if ((quote - before) % 2 === 0) return quote;
    quote = characters.indexOf('"', quote + 1);
  }
  return characters.length;
}
