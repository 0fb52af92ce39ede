-- Offsets without a record of a day's batches, so that a gap that Kafka made itself is told from a loss:
-- applied + superseded + unchanged + rejected + dead + gap_offsets = last_offset - first_offset + 1.
-- NULL: the day was summed before gaps were, and held some; how many is not known.
ALTER TABLE pinflow.stream_day ADD COLUMN gap_offsets bigint;
UPDATE pinflow.stream_day SET gap_offsets = 0
WHERE applied + superseded + unchanged + rejected + dead = last_offset - first_offset + 1;
