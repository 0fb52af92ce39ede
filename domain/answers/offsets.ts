/** What `/api/offsets` answers: how far everybody has come in every partition. Offsets are next offsets: all below are done with. */
export type Offsets = { at: string; partitions: PartitionRuler[] };

export type PartitionRuler = {
  topic: string;
  kind: string;
  partition: number;
  /** First offset that Kafka still holds. */
  logStart: number;
  /**
   * Below it are records that Kafka's retention deletes soon: of the last fifth of their time. null where the topic keeps
   * all for ever.
   */
  deletedSoon: number | null;
  /** null where nobody has read the partition yet, or has cut it. */
  landed: number | null;
  cut: number | null;
  streamed: number | null;
  logEnd: number;
  /** Why a reader stands still. */
  problems: { reader: 'landing' | 'stream'; problem: string }[];
};
