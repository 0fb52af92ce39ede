import type { Config } from '#adapters/config.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { ReaderDependencies } from '#api/readers/routes.ts';
import type { Flow } from '#domain/answers/flow.ts';
import type { Offsets } from '#domain/answers/offsets.ts';
import type { StreamSlots } from '#domain/answers/stream.ts';
import type { Names } from '#domain/names.ts';
import { steerReader } from '#interventions/steer-reader.ts';
import { triggerBatch } from '#interventions/trigger-batch.ts';
import { makeFlowLook } from '#questions/flow/flow.ts';
import { makeOffsetsLook } from '#questions/offsets.ts';
import { makeSlotsLook } from '#questions/reader-slots.ts';
import type { SqlDesk } from '#questions/sql-desk.ts';
import { makeSqlDesk } from '#questions/sql-desk.ts';
import type { Status } from '#questions/status.ts';
import { getStatus } from '#questions/status.ts';

/** What answers what the page draws, and does what it asks for. */
export type PageDependencies = ReaderDependencies & {
  lookAtStatus: () => Promise<Status>;
  lookAtOffsets: () => Promise<Offsets>;
  lookAtFlow: () => Promise<Flow>;
  lookAtSlots: () => Promise<StreamSlots>;
  sqlDesk: SqlDesk;
};

export function makePageDependencies({
  readiness,
  ...parts
}: {
  config: Config;
  names: Names;
  postgres: Postgres;
  topics: Pick<KafkaTopics, 'fetchOffsets' | 'fetchOffsetsAtTime' | 'retentionMs'>;
  readiness: () => Promise<{ reasons: readonly string[] }>;
}): PageDependencies {
  const { config, names, postgres } = parts;
  const lookAtStatus = (): Promise<Status> => getStatus(parts);
  const lookAtOffsets = makeOffsetsLook(parts);
  return {
    lookAtStatus,
    lookAtOffsets,
    lookAtFlow: makeFlowLook({ ...parts, lookAtOffsets, lookAtStatus, readiness }),
    lookAtSlots: makeSlotsLook({ config, lookAtStatus }),
    sqlDesk: makeSqlDesk(config, postgres),
    steerReader: (reader, what) => steerReader(config, names, reader, what),
    triggerBatch: () => triggerBatch(config, names),
  };
}
