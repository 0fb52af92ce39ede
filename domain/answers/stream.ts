/** What `/api/stream` answers: the readers slot by slot. */
export type StreamSlots = { at: string; readers: ReaderSlots[] };

export type ReaderSlots = {
  reader: 'stream' | 'landing';
  /** How Temporal says that its workflow is: RUNNING, or how it ended. */
  run: string;
  /** `reading`, `paused`, `draining`; null where its workflow does not say. */
  mode: string | null;
  slots: SlotLag[];
  /** Why it cannot be told. */
  problem: string | null;
};

export type SlotLag = {
  slot: number;
  partitions: number;
  owner: string;
  lagRecords: number;
  lagSeconds: number;
  /** null until it was looked at twice. */
  recordsPerSecond: number | null;
  problems: string[];
};
