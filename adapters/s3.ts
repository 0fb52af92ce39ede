import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import type { Config } from '#adapters/config.ts';
import { readS3TlsFiles, s3TlsFailureOf } from '#adapters/s3-endpoint.ts';
import { Failure } from '#domain/failures.ts';

export type S3Object = { key: string; bytes: number; modifiedAtMs: number };

/** Objects of one bucket. Errors arrive as Failures: `missing`, `denied`, `unavailable`, `timeout`. */
export type S3 = {
  bucket: string;
  put(key: string, bytes: Uint8Array, options?: { contentType?: string }): Promise<void>;
  /**
   * Creates the object if there is none under the key. `exists` may also be our own write whose answer was lost:
   * whoever cares compares the content.
   */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<'created' | 'exists'>;
  /** @throws Failure `missing`. */
  get(key: string): Promise<Buffer>;
  /** Streams an object into a file, which must lie in an existing folder. @throws Failure `missing`. */
  download(key: string, file: string): Promise<void>;
  /** Streams a file into an object. */
  upload(file: string, key: string): Promise<{ bytes: number }>;
  head(key: string): Promise<{ bytes: number } | undefined>;
  /** For the clean-up, tests and diagnosis only: readers follow the ledger and the Delta log, never listings. */
  list(prefix: string): Promise<S3Object[]>;
  /** The same in pages of at most `keysMax` (1,000 is the most S3 gives); objects may be deleted meanwhile. */
  pages(prefix: string, keysMax: number): AsyncIterable<S3Object[]>;
  delete(keys: readonly string[]): Promise<void>;
  ensureBucket(): Promise<void>;
  close(): void;
};

const connectMs = 2_000;
const answerMs = 15_000;
/** A whole upload of one file; its bytes must keep moving (`answerMs` without any ends it). */
const uploadMs = 600_000;
const attemptsMax = 3;
const socketsMax = 64;
const deleteKeysMax = 1_000;
const listedKeysMax = 1_000;
/** Real S3 answers 409 while two conditional writes race. */
const conflictAttemptsMax = 8;
const conflictPauseMs = 50;

/** Makes the S3 client of a process. One client: its sockets are kept alive and bounded. */
export function makeS3(config: Config, bucket: string): S3 {
  const client = new S3Client(clientOptions(config));

  const put = async (key: string, body: Uint8Array, contentType: string, condition: { IfNoneMatch?: string }): Promise<void> => {
    await client.send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentLength: body.length, ContentType: contentType, ...condition }),
      // Large raw objects over a slow line: the same bytes would be sent again and again.
      { requestTimeout: uploadMs },
    );
  };
  const openBody = async (key: string): Promise<Readable> => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Body as Readable;
  };
  const doing = <Result>(what: string, work: () => Promise<Result>): Promise<Result> => translated(`${what} in bucket ${bucket}`, work);

  async function* pages(prefix: string, keysMax: number): AsyncGenerator<S3Object[]> {
    const listing = paginateListObjectsV2({ client, pageSize: keysMax }, { Bucket: bucket, Prefix: prefix });
    for (;;) {
      const page = await doing(`listing ${prefix}`, () => listing.next());
      if (page.done === true) return;
      yield (page.value.Contents ?? []).map(({ Key, Size, LastModified }) => ({
        key: Key!,
        bytes: Size ?? 0,
        modifiedAtMs: LastModified?.getTime() ?? Date.now(),
      }));
    }
  }

  return {
    bucket,
    put: (key, bytes, options) => doing(`writing ${key}`, () => put(key, bytes, options?.contentType ?? 'application/octet-stream', {})),
    async putIfAbsent(key, bytes) {
      for (let attempt = 1; ; attempt++) {
        try {
          await doing(`creating ${key}`, () => put(key, bytes, 'application/octet-stream', { IfNoneMatch: '*' }));
          return 'created';
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          if (error.kind === 'exists') return 'exists';
          if (error.kind !== 'conflict' || attempt === conflictAttemptsMax) throw error;
          await delay(conflictPauseMs * attempt);
        }
      }
    },
    get: (key) =>
      doing(`reading ${key}`, async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of await openBody(key)) chunks.push(chunk as Buffer);
        return Buffer.concat(chunks);
      }),
    download: (key, file) => doing(`reading ${key}`, async () => pipeline(await openBody(key), createWriteStream(file))),
    upload: (file, key) =>
      doing(`writing ${key}`, async () => {
        const { size } = await stat(file);
        const body = createReadStream(file);
        try {
          await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentLength: size }), {
            requestTimeout: uploadMs,
          });
        } finally {
          body.destroy();
        }
        return { bytes: size };
      }),
    async head(key) {
      try {
        const { ContentLength } = await doing(`looking at ${key}`, () => client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })));
        return { bytes: ContentLength ?? 0 };
      } catch (error) {
        if (error instanceof Failure && error.kind === 'missing') return undefined;
        throw error;
      }
    },
    async list(prefix) {
      const found: S3Object[] = [];
      for await (const page of pages(prefix, listedKeysMax)) found.push(...page);
      return found;
    },
    pages,
    delete: (keys) =>
      doing(`deleting ${keys.length} objects`, async () => {
        for (let from = 0; from < keys.length; from += deleteKeysMax) {
          const Objects = keys.slice(from, from + deleteKeysMax).map((Key) => ({ Key }));
          const { Errors } = await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }));
          // Some servers say so where another deleted it at the same time: it is gone, as was wanted.
          const failed = (Errors ?? []).filter(({ Code }) => Code !== 'NoSuchKey');
          const [first] = failed;
          if (first !== undefined)
            throw new Failure(
              'unavailable',
              `S3 did not delete ${failed.length} of ${Objects.length} objects, the first being ${first.Key}: ${first.Code}.`,
            );
        }
      }),
    async ensureBucket() {
      try {
        await doing('looking', () => client.send(new HeadBucketCommand({ Bucket: bucket })));
      } catch (error) {
        if (!(error instanceof Failure) || error.kind !== 'missing') throw error;
        await doing('creating it', () => client.send(new CreateBucketCommand({ Bucket: bucket }))).catch((created: unknown) => {
          if (!(created instanceof Failure) || created.kind !== 'exists') throw created;
        });
      }
    },
    close: () => client.destroy(),
  };
}

function clientOptions(config: Config): S3ClientConfig {
  const { s3AccessKeyId: accessKeyId, s3SecretAccessKey: secretAccessKey } = config;
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new Failure(
      'configuration',
      'Only one of S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY is set: set both, or neither for the default provider chain.',
    );
  }
  const agent = { keepAlive: true, maxSockets: socketsMax };
  const tls = readS3TlsFiles(config);
  return {
    region: config.s3Region,
    forcePathStyle: config.s3PathStyle,
    maxAttempts: attemptsMax,
    requestHandler: {
      connectionTimeout: connectMs,
      requestTimeout: answerMs,
      socketTimeout: answerMs,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: { ...agent, ...tls },
    },
    ...(config.s3Endpoint === undefined ? {} : { endpoint: config.s3Endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined ? {} : { credentials: { accessKeyId, secretAccessKey } }),
  };
}

async function translated<Result>(doing: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw toFailure(error, doing);
  }
}

type SdkError = Error & { code?: string; $metadata?: { httpStatusCode?: number } };

const unreachable = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ERR_STREAM_PREMATURE_CLOSE']);
const existing = new Set(['PreconditionFailed', 'BucketAlreadyOwnedByYou']);
const misdirected = new Set(['AuthorizationHeaderMalformed', 'IllegalLocationConstraintException', 'Unknown']);
/** versitygw says it with 404. */
const unknownKey = new Set(['InvalidAccessKeyId', 'XAdminUserNotFound']);
const missing = new Set(['NoSuchKey', 'NotFound', 'NoSuchBucket']);

/** Translates an SDK error. Whatever is unknown stays what it is, so that it fails loudly. */
function toFailure(error: unknown, doing: string): unknown {
  if (error instanceof Failure || !(error instanceof Error)) return error;
  const { name, code, $metadata } = error as SdkError;
  const status = $metadata?.httpStatusCode;
  const fail = (kind: ConstructorParameters<typeof Failure>[0], text: string): Failure =>
    new Failure(kind, `S3, while ${doing}: ${text}`, { cause: error });
  const tlsFailure = s3TlsFailureOf(error);
  if (tlsFailure !== undefined) return tlsFailure;
  if (unknownKey.has(name)) return fail('denied', `${name}: check S3_ACCESS_KEY_ID.`);
  if (existing.has(name) || status === 412) return fail('exists', 'it exists already.');
  if (missing.has(name) || status === 404)
    return fail('missing', name === 'NoSuchBucket' ? 'there is no such bucket: run setup.' : 'it does not exist.');
  // The SDK counts this among its timeouts; the server may have done the work.
  if (name === 'TimeoutError' && code === 'ECONNRESET')
    return fail('timeout', 'the connection broke off. If it stays so, check whether S3_ENDPOINT is http or https.');
  if (name === 'TimeoutError' || code === 'ETIMEDOUT') return fail('timeout', 'no answer in time.');
  if (code !== undefined && unreachable.has(code)) return fail('unavailable', `the server cannot be reached (${code}): is it running?`);
  if (status === 409) return fail('conflict', 'another write is under way.');
  if (status === 403 || status === 401 || name === 'CredentialsProviderError')
    return fail('denied', `${name}: check S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY and the rights on the bucket.`);
  // The answer to a HEAD has no body that would say which.
  if (status === 301 || status === 307 || status === 405 || (status === 400 && misdirected.has(name)))
    return fail('configuration', `the server answered ${status} (${name}): check S3_REGION, S3_ENDPOINT and S3_PATH_STYLE.`);
  if (status === 507) return fail('exhausted', 'the server has no room left.');
  if (status === 429 || (status !== undefined && status >= 500)) return fail('unavailable', `the server answered ${status} (${name}).`);
  if (/checksum mismatch|socket hang up|aborted/i.test(error.message))
    return fail('unavailable', `the answer came damaged or broke off (${error.message}).`);
  return error;
}
