-- What pin-cleanup did, a row a target: for people, not an authority.
CREATE TABLE pinflow.cleanup (
  target text PRIMARY KEY,
  -- The last run that came to this target, and when its last call ended.
  run_id text NOT NULL,
  ended_at timestamptz NOT NULL DEFAULT now(),
  -- Rows or objects removed, by that run and ever.
  removed bigint NOT NULL DEFAULT 0,
  removed_total bigint NOT NULL DEFAULT 0,
  -- Why the last call failed; NULL when it did not.
  problem text
);

-- Acked ranges are merged once they are a while old: contiguous ranges of one instance and partition become one row a day
-- (UTC, of flushed_at). `merged`: looked at; its range may still grow by what is merged into it.
ALTER TABLE pinflow.door_ack ADD COLUMN merged boolean NOT NULL DEFAULT false;
CREATE INDEX door_ack_unmerged ON pinflow.door_ack (flushed_at) WHERE NOT merged;
CREATE INDEX door_ack_instance ON pinflow.door_ack (instance, topic, partition, first_offset);

-- Sums of the stream's batches that are out of retention, a row a partition and day (UTC, of committed_at): what stream_batch
-- proves stays provable. Days of a partition follow each other, so
-- applied + superseded + unchanged + rejected + dead = last_offset - first_offset + 1.
CREATE TABLE pinflow.stream_day (
  topic text NOT NULL,
  partition int NOT NULL,
  day date NOT NULL,
  first_offset bigint NOT NULL,
  last_offset bigint NOT NULL,
  batches bigint NOT NULL,
  applied bigint NOT NULL,
  superseded bigint NOT NULL,
  unchanged bigint NOT NULL,
  rejected bigint NOT NULL,
  dead bigint NOT NULL,
  PRIMARY KEY (topic, partition, day)
);
