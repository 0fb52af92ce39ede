import fc from 'fast-check';

const surrogates = { first: 0xd800, count: 0x800 };

/**
 * A character of all Unicode, for `unit` and `stringUnit`. It is what fast-check calls 'binary', for which each process
 * would first fill a table with a million characters.
 */
export const anyCharacter = fc
  .nat(0x10ffff - surrogates.count)
  .map((index) => String.fromCodePoint(index < surrogates.first ? index : index + surrogates.count));
