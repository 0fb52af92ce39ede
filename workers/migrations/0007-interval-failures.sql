-- Failed runs in a row, whatever their cause; the distance of the next try grows with it. `attempts` counts those of them
-- that say something about the interval or the code, and holds it in the end.
ALTER TABLE pinflow.interval ADD COLUMN failures int NOT NULL DEFAULT 0;
UPDATE pinflow.interval SET failures = attempts;

-- Who asked for an interval to be tried again, when and why, and what was the matter with it then.
CREATE TABLE pinflow.interval_retry (
  start timestamptz NOT NULL,
  asked_at timestamptz NOT NULL DEFAULT now(),
  -- `key <id>` or `user <name>`.
  asked_by text NOT NULL,
  reason text,
  from_state text NOT NULL,
  problem text,
  PRIMARY KEY (start, asked_at)
);
