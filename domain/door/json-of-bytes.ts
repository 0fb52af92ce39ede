import { classifyValue, textOfValue } from '#domain/value.ts';

/**
 * A record's key or value as JSON for a client: its own text where that is JSON (numbers keep their spelling), else a
 * string of it, with U+FFFD for what is not UTF-8; null for none.
 */
export function jsonOfBytes(bytes: Buffer | null): string {
  if (bytes === null) return 'null';
  const { reject } = classifyValue(bytes);
  // These two are found only after the grammar was.
  const isJson = reject === null || reject === 'not_an_object' || reject === 'duplicate_key';
  return isJson ? textOfValue(bytes) : JSON.stringify(bytes.toString());
}
