import { endianness } from 'node:os';

/**
 * CRC-32C (Castagnoli), 16 bytes a step. Table `k` holds, for each byte, what it does to the checksum when `k` more bytes
 * follow it; the sixteen tables lie behind each other.
 */
const tables = makeTables();
/** The words of the inner loop are read as the machine has them; a big-endian one goes byte by byte. */
const stepBytes = endianness() === 'LE' ? 16 : Infinity;
const noWords = new Int32Array(0);

/** The checksum of `bytes` from `start` (to the end), as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start = 0): number {
  const end = bytes.length;
  const t = tables;
  let crc = -1;
  let at = start;
  for (; at < end && (bytes.byteOffset + at) % 4 !== 0; at += 1) crc = t[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  const steps = Math.floor((end - at) / stepBytes);
  const words = steps > 0 ? new Int32Array(bytes.buffer, bytes.byteOffset + at, steps * 4) : noWords;
  for (let i = 0; i < words.length; i += 4) {
    const a = crc ^ words[i]!;
    const b = words[i + 1]!;
    const c = words[i + 2]!;
    const d = words[i + 3]!;
    crc =
      t[3840 + (a & 0xff)]! ^
      t[3584 + ((a >>> 8) & 0xff)]! ^
      t[3328 + ((a >>> 16) & 0xff)]! ^
      t[3072 + (a >>> 24)]! ^
      t[2816 + (b & 0xff)]! ^
      t[2560 + ((b >>> 8) & 0xff)]! ^
      t[2304 + ((b >>> 16) & 0xff)]! ^
      t[2048 + (b >>> 24)]! ^
      t[1792 + (c & 0xff)]! ^
      t[1536 + ((c >>> 8) & 0xff)]! ^
      t[1280 + ((c >>> 16) & 0xff)]! ^
      t[1024 + (c >>> 24)]! ^
      t[768 + (d & 0xff)]! ^
      t[512 + ((d >>> 8) & 0xff)]! ^
      t[256 + ((d >>> 16) & 0xff)]! ^
      t[d >>> 24]!;
  }
  for (at += words.byteLength; at < end; at += 1) crc = t[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function makeTables(): Int32Array {
  const polynomial = 0x82f63b78; // bits reversed
  const made = new Int32Array(16 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    made[byte] = crc;
  }
  for (let i = 256; i < made.length; i += 1) made[i] = (made[i - 256]! >>> 8) ^ made[made[i - 256]! & 0xff]!;
  return made;
}
