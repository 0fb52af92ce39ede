import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { ZlibOptions } from 'node:zlib';

/** Pieces of this size come out: between two of them the loop serves others. */
const chunkSize = 65_536;
/** RFC 9659: zstd as a content encoding needs no larger window than 8 MB. A frame may ask for 2 GB. */
const zstdWindowLogMax = 23;

const makers = {
  gzip: (options: ZlibOptions) => createGunzip(options),
  deflate: (options: ZlibOptions) => createInflate(options),
  zstd: () => createZstdDecompress({ chunkSize, params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax } }),
  br: () => createBrotliDecompress({ chunkSize }),
};
export type BodyEncoding = keyof typeof makers;

/** What a body may be compressed with, by its name in Content-Encoding. */
export const bodyEncodings: ReadonlySet<BodyEncoding> = new Set(Object.keys(makers) as BodyEncoding[]);

/** What a decoder tells: `data` any number of times, then `end` or `broken` once; `drain` after a write that said false. */
export type DecoderListener = { data(chunk: Buffer): void; drain(): void; end(): void; broken(): void };

/** Decodes a body while it arrives. Nothing is kept but the decoder's own window. */
export type BodyDecoder = {
  /** False where the sender should wait for `drain`. */
  write(chunk: Buffer): boolean;
  end(): void;
  /** Tells nothing until `resume`. */
  pause(): void;
  resume(): void;
  /** Stops at once and tells nothing any more. */
  destroy(): void;
};

export function makeBodyDecoder(encoding: BodyEncoding, listener: DecoderListener): BodyDecoder {
  const stream = makers[encoding]({ chunkSize });
  let given = 0;
  let isOver = false;
  const once = (tell: () => void) => (): void => {
    if (isOver) return;
    isOver = true;
    tell();
  };
  const broken = once(() => listener.broken());

  stream.on('data', (chunk: Buffer) => {
    if (!isOver) listener.data(chunk);
  });
  stream.on('drain', () => listener.drain());
  stream.on('error', broken);
  // Node ends at the end of what is compressed and passes over the rest, which might be rows.
  stream.on('end', () => (stream.bytesWritten === given ? once(() => listener.end())() : broken()));

  return {
    write(chunk) {
      given += chunk.length;
      return stream.write(chunk);
    },
    end: () => void stream.end(),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    destroy() {
      isOver = true;
      stream.destroy();
    },
  };
}
