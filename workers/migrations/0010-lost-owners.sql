-- Processes that die while they clean. `held_by` is the process that reads the partition now, NULL once it let go;
-- `deaths` counts owners in a row that another process took over from without their letting go, since the position moved.
ALTER TABLE pinflow.position ADD COLUMN held_by text, ADD COLUMN deaths int NOT NULL DEFAULT 0;

-- Tries to clean a range after such a death: a row is written before the try and deleted behind it, so that a row of a
-- process that is gone names the range that it died of. `deaths` are those of earlier processes.
CREATE TABLE pinflow.clean_try (
  topic text NOT NULL,
  partition int NOT NULL,
  first_offset bigint NOT NULL,
  last_offset bigint NOT NULL,
  deaths int NOT NULL DEFAULT 0,
  -- NULL where the try ended without taking its process along.
  process text,
  begun_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition, first_offset, last_offset)
);
