-- A pending publish that cannot be finished says so: how often it was tried, and what the last try said. `abandon` is set
-- once somebody decided to let it go ({"id", "why", "by", "at"}): from then on whoever gets the lock puts it back instead.
ALTER TABLE pinflow.lake_lock
  ADD COLUMN tries int NOT NULL DEFAULT 0,
  ADD COLUMN tried_at timestamptz,
  ADD COLUMN problem text,
  ADD COLUMN abandon json;

-- `abandonment`: the tables as they were before a publish that was let go, at the versions that put them back.
ALTER TABLE pinflow.generation DROP CONSTRAINT generation_cause_check;
ALTER TABLE pinflow.generation ADD CONSTRAINT generation_cause_check CHECK (cause IN ('interval', 'marts', 'abandonment'));

-- Publishes that were let go: who did it, when and why. Their runs publish nothing any more.
CREATE TABLE pinflow.abandonment (
  run_id text PRIMARY KEY,
  cause text NOT NULL,
  interval_start timestamptz,
  why text NOT NULL,
  -- `key <id>` or `user <name>`.
  abandoned_by text NOT NULL,
  decided_at timestamptz NOT NULL,
  done_at timestamptz NOT NULL DEFAULT now(),
  pending_since timestamptz NOT NULL,
  tries int NOT NULL,
  problem text,
  -- {"clean_pins": {"committed": 5, "version": 6}, ...}: the run's commit, if there was one, and the one that put it back.
  tables jsonb NOT NULL,
  generation bigint NOT NULL
);

-- Marts, a row each. The lake's table and the rows in schema marts are written apart, and each says which generation it
-- covers; what failed is tried again after not_before, and holds up nothing else.
CREATE TABLE pinflow.mart (
  name text PRIMARY KEY,
  -- Of the lake's table.
  lake_covers bigint,
  lake_fingerprint text,
  -- Of the rows in schema marts.
  covers bigint,
  fingerprint text,
  rows bigint,
  written_at timestamptz,
  -- Code that both were computed with.
  code_version text,
  failures int NOT NULL DEFAULT 0,
  problem text,
  failed_at timestamptz,
  not_before timestamptz
);
