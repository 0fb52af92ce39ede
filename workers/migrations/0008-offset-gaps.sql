-- Offsets that hold no record because Kafka made them so (markers of transactions, aborted records, compaction): they are
-- covered, counted and named, so that ranges still tile the log and counts are of records.

-- last_offset: offset of the record that last_append_time belongs to; gaps may lie between it and next_offset.
ALTER TABLE pinflow.position ADD COLUMN last_offset bigint;
ALTER TABLE pinflow.position ADD COLUMN gap_offsets bigint NOT NULL DEFAULT 0;
ALTER TABLE pinflow.position ADD COLUMN last_gap int8range;
UPDATE pinflow.position SET last_offset = next_offset - 1 WHERE last_append_time IS NOT NULL;

-- Within [first_offset, last_offset]: the offsets without a record. records + offsets in gaps = last - first + 1.
ALTER TABLE pinflow.landing_range ADD COLUMN gaps int8multirange NOT NULL DEFAULT '{}';
-- A range that holds no record has no object.
ALTER TABLE pinflow.landing_range ALTER COLUMN object_key DROP NOT NULL;
ALTER TABLE pinflow.landing_range ADD CONSTRAINT landing_range_object CHECK (object_key IS NOT NULL OR (records IS NOT NULL AND records = 0));

-- applied + superseded + unchanged + rejected + dead + offsets in gaps = last - first + 1.
ALTER TABLE pinflow.stream_batch ADD COLUMN gaps int8multirange NOT NULL DEFAULT '{}';
