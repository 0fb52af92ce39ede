import { join } from 'node:path';
import { cleanStatements, macroStep } from '#activities/batch/clean-statements.ts';
import type { RunRef } from '#activities/ledger/interval-ledger.ts';
import { readPlan, stagingKeys } from '#activities/batch/plan-interval.ts';
import type { Progress } from '#activities/batch/progress.ts';
import type { RunStatements } from '#activities/batch/run-statements.ts';
import { withWorkFolder } from '#activities/lake/work-folder.ts';
import type { S3 } from '#adapters/s3.ts';
import { inLanes } from '#domain/in-lanes.ts';
import type { Part } from '#domain/lake/batch-plan.ts';
import type { PartitionCounts } from '#domain/lake/check.ts';
import { stagingFolder } from '#domain/lake/tables.ts';

export type PartRef = RunRef & { planKey: string; part: number };
export type PartResult = { records: number; clean: number; rejects: number };

type Dependencies = { s3: S3; home: string; runStatements: RunStatements; progress: Progress };

const downloadsAtOnce = 8;

/**
 * Cleans one part: raw objects in, a Parquet file of rows and one of rejects per kind out, and what was counted. All
 * under keys that the run and the part decide, so that a second attempt writes the same again.
 */
export async function cleanPart({ s3, home, runStatements, progress }: Dependencies, ref: PartRef): Promise<PartResult> {
  const part = (await readPlan(s3, ref.planKey)).parts[ref.part];
  if (part === undefined) throw new Error(`plan ${ref.planKey} has no part ${ref.part}`);
  return withWorkFolder(home, async (folder) => {
    const rawFiles = await download(s3, part, folder, progress);
    const groups = part.slices.map(({ kind, slices }) => ({
      kind,
      slices,
      rawFiles: slices.map(({ objectKey }) => rawFiles.get(objectKey)!),
      clean: join(folder, `${kind}.parquet`),
      rejects: join(folder, `${kind}-rejects.parquet`),
    }));
    const results = await runStatements({
      steps: [macroStep(), ...groups.flatMap((group) => cleanStatements(group.kind, group))],
      folder,
      progress,
    });
    const counts: PartitionCounts[] = [];
    let uploaded = 0;
    for (const [i, { kind, slices, clean, rejects }] of groups.entries()) {
      for (const row of results[i]!) {
        const [records, rejected] = [Number(row['records']), Number(row['rejects'])];
        counts.push({
          kind,
          topic: slices[0]!.topic,
          partition: Number(row['partition']),
          records,
          clean: records - rejected,
          rejects: rejected,
        });
      }
      const keys = stagingKeys(ref, ref.part, kind);
      for (const [file, key] of [
        [clean, keys.clean],
        [rejects, keys.rejects],
      ] as const) {
        uploaded += (await s3.upload(file, key)).bytes;
        progress.beat({ uploadedBytes: uploaded });
      }
    }
    await s3.put(countsKey(ref, ref.part), Buffer.from(JSON.stringify(counts)), { contentType: 'application/json' });
    const sum = (select: (one: PartitionCounts) => number): number => counts.reduce((total, one) => total + select(one), 0);
    return { records: sum((one) => one.records), clean: sum((one) => one.clean), rejects: sum((one) => one.rejects) };
  });
}

/** Object with the counts of a part. */
export function countsKey({ start, run }: RunRef, part: number): string {
  return `${stagingFolder(start, run)}/part-${String(part).padStart(5, '0')}-counts.json`;
}

async function download(s3: S3, part: Part, folder: string, progress: Progress): Promise<Map<string, string>> {
  const slices = part.slices.flatMap((group) => group.slices);
  const files = new Map(slices.map(({ objectKey }, i) => [objectKey, join(folder, `${i}.ndjson.zst`)]));
  const bytesOf = new Map(slices.map(({ objectKey, objectBytes }) => [objectKey, objectBytes]));
  let downloaded = 0;
  await inLanes([...files], downloadsAtOnce, async ([objectKey, file]) => {
    progress.signal.throwIfAborted();
    await s3.download(objectKey, file);
    downloaded += bytesOf.get(objectKey) ?? 0;
    progress.beat({ downloadedBytes: downloaded, ofBytes: part.bytes });
  });
  return files;
}
