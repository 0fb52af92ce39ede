-- What each API key has in pinflow.idempotency, by the hour in which it came: rows go by age, so hours out of retention count
-- no more. Sums are the door's own account, a second behind; after a door's kill -9 they lack what it had not written.
CREATE TABLE pinflow.idempotency_use (
  -- Id of the API key; empty where keys are off: all callers together then.
  key_id text NOT NULL,
  hour timestamptz NOT NULL,
  bytes bigint NOT NULL,
  PRIMARY KEY (key_id, hour)
);
INSERT INTO pinflow.idempotency_use (key_id, hour, bytes)
SELECT key_id, date_trunc('hour', created_at), sum(300 + coalesce(octet_length(body), 0))
FROM pinflow.idempotency GROUP BY 1, 2;
