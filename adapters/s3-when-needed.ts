import type { Config } from '#adapters/config.ts';
import type { S3 } from '#adapters/s3.ts';

/**
 * An S3 client that is loaded at its first use: the SDK takes longer to load than a question takes whose files are in the
 * home's cache, which is most of them.
 */
export function makeS3WhenNeeded(config: Config, bucket: string): S3 {
  let opening: Promise<S3> | undefined;
  const s3 = (): Promise<S3> => (opening ??= import('#adapters/s3.ts').then(({ makeS3 }) => makeS3(config, bucket)));
  return {
    bucket,
    put: async (...args) => (await s3()).put(...args),
    putIfAbsent: async (...args) => (await s3()).putIfAbsent(...args),
    get: async (...args) => (await s3()).get(...args),
    download: async (...args) => (await s3()).download(...args),
    upload: async (...args) => (await s3()).upload(...args),
    head: async (...args) => (await s3()).head(...args),
    list: async (...args) => (await s3()).list(...args),
    async *pages(...args) {
      yield* (await s3()).pages(...args);
    },
    delete: async (...args) => (await s3()).delete(...args),
    ensureBucket: async () => (await s3()).ensureBucket(),
    close: () => void opening?.then((opened) => opened.close()),
  };
}
