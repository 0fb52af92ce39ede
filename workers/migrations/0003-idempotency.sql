-- Outcomes of requests with an Idempotency-Key. Rows older than 24 h count as absent and are deleted in batches.
CREATE TABLE pinflow.idempotency (
  -- Id of the API key; empty where keys are off.
  key_id text NOT NULL,
  route text NOT NULL,
  key text NOT NULL,
  -- SHA-256 of target and body.
  hash bytea NOT NULL,
  -- Event id of the request's first event; the others follow from it. Every attempt publishes with the same.
  event_id text NOT NULL,
  -- With event_id the fence: whoever ends a claim must still hold this one.
  attempt int NOT NULL DEFAULT 1,
  -- -infinity: given up without an outcome, to be taken over at once.
  claimed_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  -- NULL while the first request runs, or died.
  status int,
  headers jsonb,
  -- NULL with a status: the answer was too large to keep.
  body bytea,
  PRIMARY KEY (key_id, route, key)
);
CREATE INDEX idempotency_created ON pinflow.idempotency (created_at);
