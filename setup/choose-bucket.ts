import { randomUUID } from 'node:crypto';
import type { Config } from '#adapters/config.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';
import type { Names } from '#domain/names.ts';

/** Chooses the bucket's name once for ever: the setting, else `pinterest-data-<uuid4>`. Later calls read the choice. */
export async function chooseBucket(postgres: Postgres, config: Config, names: Names): Promise<string> {
  await postgres.execute(`INSERT INTO pinflow.setting (key, value) VALUES ('bucket', $1) ON CONFLICT (key) DO NOTHING`, [
    config.s3Bucket ?? `${names.bucketPrefix}${randomUUID()}`,
  ]);
  return readBucket(postgres, config);
}

/** @throws Failure `not_ready` before setup chose one, `configuration` when the setting names another bucket than the data is in. */
export async function readBucket(postgres: Postgres, config: Config): Promise<string> {
  const [row] = await postgres.query<{ value: string }>(`SELECT value FROM pinflow.setting WHERE key = 'bucket'`);
  if (row === undefined) throw new Failure('not_ready', 'No bucket was chosen yet: run node workers/setup.ts.');
  if (config.s3Bucket !== undefined && config.s3Bucket !== row.value) {
    throw new Failure(
      'configuration',
      `S3_BUCKET is ${config.s3Bucket}, but this database's lake is in ${row.value}: set S3_BUCKET to that, or use another database.`,
    );
  }
  return row.value;
}
