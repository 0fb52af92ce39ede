-- Why a record is a dead letter: refused_by_cleaning and refused_by_sink name its data, crashes_cleaning the process that
-- died of it.
ALTER TABLE pinflow.dead_letter ADD COLUMN reason text;
UPDATE pinflow.dead_letter SET reason = CASE WHEN sqlstate IS NULL THEN 'refused_by_cleaning' ELSE 'refused_by_sink' END;
ALTER TABLE pinflow.dead_letter ALTER COLUMN reason SET NOT NULL,
  ADD CHECK (reason IN ('refused_by_cleaning', 'refused_by_sink', 'crashes_cleaning'));
