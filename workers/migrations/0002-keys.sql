-- Who may come in. Of a key and of a session only the SHA-256 is kept: whoever reads this database cannot come in by it.
CREATE TABLE pinflow.api_key (
  -- Public: it stands in the key itself, in records (header key-id), logs and metrics.
  id text PRIMARY KEY,
  name text NOT NULL,
  -- Of the whole key, lower-case hexadecimal.
  sha256 text NOT NULL UNIQUE,
  scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
  -- NULL: the API's default; 0: no limit.
  events_per_second bigint CHECK (events_per_second >= 0),
  bytes_per_second bigint CHECK (bytes_per_second >= 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
) WITH (fillfactor = 70);
CREATE INDEX api_key_name ON pinflow.api_key (name) WHERE revoked_at IS NULL;

-- Browsers that traded a key for a cookie. A session ends with its key.
CREATE TABLE pinflow.session (
  sha256 text PRIMARY KEY,
  key_id text NOT NULL REFERENCES pinflow.api_key (id),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX session_key ON pinflow.session (key_id, created_at);
