import { createHash, createHmac, randomUUID } from 'node:crypto';
import { askS3 } from '#adapters/s3-endpoint.ts';
import { Failure } from '#domain/failures.ts';

/** Where an S3 is and how to get in; `bucket` is one that may be written to, else one is made for the check. */
export type S3Access = {
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  bucket?: string | undefined;
  /** Bucket in the path (the default) or in the host name. */
  pathStyle?: boolean;
  tlsCaFile?: string | undefined;
};

const CONTENDERS = 20;
const REQUEST_MS = 10_000;

/**
 * Lets twenty writers create the same object at once: exactly one may win. Two commits of one lake version would
 * otherwise both succeed, and one would be lost.
 * @throws Failure `configuration` when the S3 lets more or fewer win.
 */
export async function assertPutIfAbsent(access: S3Access): Promise<void> {
  const bucket = access.bucket ?? `pinflow-check-${randomUUID()}`;
  const key = `pinflow-check-${randomUUID()}`;
  if (access.bucket === undefined) await request(access, bucket, 'PUT', '');
  try {
    const answers = await Promise.all(
      Array.from({ length: CONTENDERS }, (_, writer) => request(access, bucket, 'PUT', key, `writer ${writer}`, { 'if-none-match': '*' })),
    );
    const won = answers.filter((status) => status === 200).length;
    if (won !== 1) {
      throw new Failure(
        'configuration',
        `The S3 at ${access.endpoint} let ${won} of ${CONTENDERS} writers create the same object (answers: ${[...new Set(answers)].join(', ')}), and exactly one must win: use an S3 with conditional writes (If-None-Match), or unset S3_ENDPOINT for the embedded one.`,
      );
    }
  } finally {
    await request(access, bucket, 'DELETE', key);
    if (access.bucket === undefined) await request(access, bucket, 'DELETE', '');
  }
}

/**
 * One request, signed with AWS Signature Version 4: no more of S3 is needed here than these, and the driver belongs to
 * the adapter.
 */
function request(
  access: S3Access,
  bucket: string,
  method: string,
  key: string,
  body = '',
  extra: Record<string, string> = {},
): Promise<number> {
  const url = new URL(access.endpoint);
  if (access.pathStyle === false) url.host = `${bucket}.${url.host}`;
  url.pathname = access.pathStyle === false ? `/${key}` : `/${bucket}${key === '' ? '' : `/${key}`}`;
  const { host, pathname } = url;
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const day = time.slice(0, 8);
  const headers: Record<string, string> = { host, 'x-amz-content-sha256': sha256(body), 'x-amz-date': time };
  const names = Object.keys(headers).toSorted();
  const canonical = [
    method,
    pathname,
    '',
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    headers['x-amz-content-sha256'],
  ].join('\n');
  const scope = `${day}/${access.region}/s3/aws4_request`;
  const signingKey = [day, access.region, 's3', 'aws4_request'].reduce<Buffer | string>(
    (key, part) => hmac(key, part),
    `AWS4${access.secretAccessKey}`,
  );
  const signature = hmac(signingKey, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${access.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return askS3({ s3Endpoint: access.endpoint, s3TlsCaFile: access.tlsCaFile }, url, {
    method,
    headers: { ...headers, ...extra, authorization },
    timeoutMs: REQUEST_MS,
    body,
  });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
