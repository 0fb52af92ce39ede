-- Version of the cleaning code under which an interval's result holds: that of its last published run, or of a later one
-- that came to the same. NULL: no run has settled it, as where it is empty by its cuts.
ALTER TABLE pinflow.interval ADD COLUMN code_version text;
UPDATE pinflow.interval i SET code_version = g.code_version FROM pinflow.generation g WHERE g.id = i.generation;
