-- Who sends garbage: what the door refused, a row a minute, route, status, reason, key, source and kind. Kept for 7 days.
CREATE TABLE pinflow.door_refusal (
  -- When it was written: the minute of the refusals, or a later one where Postgres was away.
  minute timestamptz NOT NULL DEFAULT date_trunc('minute', now()),
  route text NOT NULL,
  status int NOT NULL,
  reason text NOT NULL,
  -- Id of the API key; empty where there was none.
  key_id text NOT NULL,
  -- Name that the client gave; '(other)' where there were too many.
  source text NOT NULL,
  -- Kind of the events, where the target of the request told; else empty.
  kind text NOT NULL,
  count bigint NOT NULL,
  last_at timestamptz NOT NULL,
  last_request_id text NOT NULL,
  last_message text NOT NULL,
  last_client text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (minute, route, status, reason, key_id, source, kind)
);

-- The same question about records that the door took and the stream could not type: who sent them. NULL in rows written
-- before this column was there, and where the record has no such header.
ALTER TABLE pinflow.stream_reject ADD COLUMN source text, ADD COLUMN key_id text, ADD COLUMN recorded_at timestamptz;
ALTER TABLE pinflow.stream_reject ALTER COLUMN recorded_at SET DEFAULT now();
CREATE INDEX stream_reject_recorded ON pinflow.stream_reject (recorded_at);
