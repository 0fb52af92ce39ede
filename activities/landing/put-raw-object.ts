import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';
import { decodeRawLine } from '#domain/raw-line.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

export type LandedObject = { contentBytes: number; objectBytes: number; contentSha256: string };

/**
 * Writes the object, or adopts the one that an earlier attempt wrote. Its lines may differ in form when another version
 * of this code wrote them; the records in them may not.
 */
export async function putRawObject(s3: S3, key: string, lines: Buffer): Promise<LandedObject> {
  const object = await compress(lines, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
  if ((await s3.putIfAbsent(key, object)) === 'created')
    return { contentBytes: lines.length, objectBytes: object.length, contentSha256: sha256(lines) };
  const existing = await s3.get(key);
  const existingLines = await decompress(existing);
  if (!existingLines.equals(lines) && !holdSameRecords(existingLines, lines)) {
    throw new Failure(
      'check_failed',
      `Object ${key} is there with other records than Kafka has for the same offsets: it is not overwritten. Was the topic created anew? Move the object away, or use another bucket.`,
    );
  }
  return { contentBytes: existingLines.length, objectBytes: existing.length, contentSha256: sha256(existingLines) };
}

function holdSameRecords(one: Buffer, other: Buffer): boolean {
  const parse = (lines: Buffer): string =>
    lines
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .map((line) => {
        const { partition, offset, appendTimeMs, key, value } = decodeRawLine(line);
        return JSON.stringify([partition, offset, appendTimeMs, key?.toString('base64') ?? null, value?.toString('base64') ?? null]);
      })
      .join('\n');
  return parse(one) === parse(other);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
