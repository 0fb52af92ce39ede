const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
const blanks = /\s+/g;

/**
 * The bytes that `Data` of a Kinesis record stands for where it is text: those of base64 (either alphabet, lines and
 * missing padding allowed), else its own in UTF-8. JSON text of an object is never base64: it has braces.
 */
export function bytesOfDataText(data: string): Buffer {
  const packed = data.replaceAll(blanks, '');
  return base64.test(packed) ? Buffer.from(packed, 'base64') : Buffer.from(data);
}
