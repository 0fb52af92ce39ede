-- Tables of the first slice. Numbered files are never edited once released; a change is a new file.
-- "offset", "end" and "timestamp" are quoted because SQL reserves them.

CREATE SCHEMA IF NOT EXISTS pinflow;
CREATE SCHEMA IF NOT EXISTS metrics;
CREATE SCHEMA IF NOT EXISTS marts;

-- Facts chosen once, such as the bucket name.
CREATE TABLE pinflow.setting (
  key text PRIMARY KEY,
  value text NOT NULL,
  chosen_at timestamptz NOT NULL DEFAULT now()
);

-- What the door acked, a row a flushed range: lets anyone prove that acked = stored.
CREATE TABLE pinflow.door_ack (
  instance text NOT NULL,
  topic text NOT NULL,
  partition int NOT NULL,
  first_offset bigint NOT NULL,
  last_offset bigint NOT NULL,
  flushed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition, first_offset, instance)
);

-- Both readers keep one row a partition: the authority for who owns it (epoch) and where it goes on (next_offset).
-- next_offset of landing: first offset that no range row covers yet. Of the stream: first offset not applied yet.
CREATE TABLE pinflow.position (
  reader text NOT NULL CHECK (reader IN ('landing', 'stream')),
  topic text NOT NULL,
  partition int NOT NULL,
  epoch bigint NOT NULL DEFAULT 0,
  owner text NOT NULL DEFAULT '',
  next_offset bigint NOT NULL DEFAULT 0,
  -- Of the record before next_offset: a log that was truncated or made anew has another there.
  last_append_time timestamptz,
  -- Why the partition stands still, for people; NULL when it does not.
  problem text,
  -- When next_offset moved last; being taken is no progress.
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (reader, topic, partition)
) WITH (fillfactor = 70);

-- Raw objects. `fixed`: the range is decided, the object may or may not be there. `landed`: it is, and was checked.
CREATE TABLE pinflow.landing_range (
  topic text NOT NULL,
  partition int NOT NULL,
  first_offset bigint NOT NULL,
  last_offset bigint NOT NULL,
  epoch bigint NOT NULL,
  object_key text NOT NULL,
  state text NOT NULL CHECK (state IN ('fixed', 'landed')) DEFAULT 'fixed',
  records bigint,
  content_bytes bigint,
  object_bytes bigint,
  content_sha256 text,
  append_time_min timestamptz,
  append_time_max timestamptz,
  fixed_at timestamptz NOT NULL DEFAULT now(),
  landed_at timestamptz,
  PRIMARY KEY (topic, partition, first_offset),
  CHECK (last_offset >= first_offset)
);
CREATE INDEX landing_range_fixed ON pinflow.landing_range (topic, partition) WHERE state = 'fixed';

-- The ledger of intervals. They tile the log: the start of one is the end of the one before.
CREATE TABLE pinflow.interval (
  start timestamptz PRIMARY KEY,
  "end" timestamptz NOT NULL UNIQUE,
  -- cut: ready to run; running; waiting: landing is behind; backing_off: failed, tried again after not_before;
  -- held: gave up or a check failed, the previous generation serves; complete.
  state text NOT NULL CHECK (state IN ('cut', 'running', 'waiting', 'backing_off', 'held', 'complete')),
  attempts int NOT NULL DEFAULT 0,
  not_before timestamptz,
  run_id text,
  generation bigint,
  records bigint,
  clean bigint,
  rejects bigint,
  duplicates bigint,
  problem text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK ("end" > start)
);
CREATE INDEX interval_open ON pinflow.interval (start) WHERE state <> 'complete';

-- The cut at a boundary: first offset of each partition that belongs to what follows. Immutable.
CREATE TABLE pinflow.cut (
  at timestamptz NOT NULL,
  topic text NOT NULL,
  partition int NOT NULL,
  "offset" bigint NOT NULL,
  found_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition, at)
);
CREATE INDEX cut_at ON pinflow.cut (at);

-- One row; its lock is held while Delta commits of a publish are put. `pending` is the publish that was decided and not
-- yet finished: whoever gets the lock next finishes it first, so that a crash between two commits heals.
CREATE TABLE pinflow.lake_lock (
  id int PRIMARY KEY CHECK (id = 1),
  pending json,
  pending_since timestamptz
);
INSERT INTO pinflow.lake_lock (id) VALUES (1);

-- Published results. Readers take all table versions from the newest row. `cause` says what was published: an interval
-- or the marts that follow it.
CREATE TABLE pinflow.generation (
  id bigserial PRIMARY KEY,
  cause text NOT NULL CHECK (cause IN ('interval', 'marts')),
  interval_start timestamptz,
  run_id text NOT NULL UNIQUE,
  -- {"clean_pins": 3, ...}: version of every lake table that this generation consists of.
  versions jsonb NOT NULL,
  content_sha256 text NOT NULL,
  code_version text NOT NULL,
  -- Of marts: the generation that they were computed over.
  based_on bigint,
  records bigint NOT NULL,
  clean bigint NOT NULL,
  rejects bigint NOT NULL,
  duplicates bigint NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX generation_interval ON pinflow.generation (interval_start, id);

-- One row a stream transaction: its offset range and what became of the records in it.
-- applied + superseded + unchanged + rejected + dead = last - first + 1.
CREATE TABLE pinflow.stream_batch (
  topic text NOT NULL,
  partition int NOT NULL,
  first_offset bigint NOT NULL,
  last_offset bigint NOT NULL,
  epoch bigint NOT NULL,
  applied int NOT NULL,
  superseded int NOT NULL,
  unchanged int NOT NULL,
  rejected int NOT NULL,
  dead int NOT NULL,
  committed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition, first_offset)
);

CREATE TABLE pinflow.stream_reject (
  topic text NOT NULL,
  partition int NOT NULL,
  "offset" bigint NOT NULL,
  kind text NOT NULL,
  reason text NOT NULL,
  append_time timestamptz NOT NULL,
  event_id text,
  value bytea,
  PRIMARY KEY (topic, partition, "offset")
);

CREATE TABLE pinflow.dead_letter (
  topic text NOT NULL,
  partition int NOT NULL,
  "offset" bigint NOT NULL,
  kind text NOT NULL,
  sqlstate text,
  message text NOT NULL,
  append_time timestamptz NOT NULL,
  event_id text,
  value bytea,
  state text NOT NULL CHECK (state IN ('open', 'redriven', 'discarded')) DEFAULT 'open',
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition, "offset")
);

-- Sink tables: the brief's columns first, then ours. Content is that of the latest record of the identity
-- (topic .. received_at), position that of its first (first_*). `nulled` and `extra` are json, not jsonb: jsonb refuses
-- \u0000 and huge numbers.
CREATE TABLE public.experimental_data (
  ind bigint,
  unique_id text PRIMARY KEY,
  title text,
  description text,
  follower_count bigint,
  poster_name text,
  tag_list text[],
  is_image_or_video text,
  image_src text,
  save_location text,
  category text,
  downloaded boolean,
  nulled json,
  extra json,
  topic text NOT NULL,
  partition int NOT NULL,
  "offset" bigint NOT NULL,
  append_time timestamptz NOT NULL,
  event_id text,
  received_at timestamptz,
  first_topic text NOT NULL,
  first_partition int NOT NULL,
  first_offset bigint NOT NULL,
  first_append_time timestamptz NOT NULL
) WITH (fillfactor = 85);
-- A poster's rows by position; hashed because a poster name may be longer than an index row.
CREATE INDEX experimental_data_poster ON public.experimental_data (md5(poster_name), first_append_time);

CREATE TABLE public.geo (
  ind bigint PRIMARY KEY,
  country text,
  coordinates double precision[],
  "timestamp" timestamptz,
  latitude double precision,
  longitude double precision,
  nulled json,
  extra json,
  topic text NOT NULL,
  partition int NOT NULL,
  "offset" bigint NOT NULL,
  append_time timestamptz NOT NULL,
  event_id text,
  received_at timestamptz,
  first_topic text NOT NULL,
  first_partition int NOT NULL,
  first_offset bigint NOT NULL,
  first_append_time timestamptz NOT NULL
) WITH (fillfactor = 85);

CREATE TABLE public.users (
  ind bigint PRIMARY KEY,
  user_name text,
  age bigint,
  date_joined timestamptz,
  nulled json,
  extra json,
  topic text NOT NULL,
  partition int NOT NULL,
  "offset" bigint NOT NULL,
  append_time timestamptz NOT NULL,
  event_id text,
  received_at timestamptz,
  first_topic text NOT NULL,
  first_partition int NOT NULL,
  first_offset bigint NOT NULL,
  first_append_time timestamptz NOT NULL
) WITH (fillfactor = 85);

-- Windows: one row per partition, so that slots never wait for each other; views merge.
-- key_hash stands in for key because a key (a category, a poster) may be longer than an index row.
CREATE TABLE metrics.window_count (
  metric text NOT NULL,
  window_start timestamptz NOT NULL,
  key text NOT NULL,
  key_hash text NOT NULL GENERATED ALWAYS AS (md5(key)) STORED,
  topic text NOT NULL,
  partition int NOT NULL,
  count bigint NOT NULL,
  revision bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (metric, window_start, key_hash, topic, partition)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- A poster's posts and latest follower count by position, of the identities whose position lies in the partition.
CREATE TABLE metrics.profile (
  poster_name text NOT NULL,
  poster_hash text NOT NULL GENERATED ALWAYS AS (md5(poster_name)) STORED,
  topic text NOT NULL,
  partition int NOT NULL,
  posts bigint NOT NULL,
  follower_count bigint,
  position_append_time timestamptz,
  position_offset bigint,
  revision bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (poster_hash, topic, partition)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

CREATE VIEW metrics.category_per_minute AS
SELECT window_start, nullif(key, '') AS category, sum(count)::bigint AS pins, max(revision) AS revision, max(updated_at) AS updated_at
FROM metrics.window_count
WHERE metric = 'category_per_minute'
GROUP BY window_start, key
HAVING sum(count) <> 0;

-- Latest follower count of a poster by position, its posts, its rank, and the change since an hour ago (by position).
CREATE VIEW metrics.profile_popularity AS
WITH merged AS (
  SELECT poster_name, poster_hash, sum(posts)::bigint AS posts,
    (array_agg(follower_count ORDER BY position_append_time DESC, partition DESC, position_offset DESC) FILTER (WHERE position_append_time IS NOT NULL))[1] AS follower_count
  FROM metrics.profile
  GROUP BY poster_name, poster_hash
  HAVING sum(posts) > 0
)
SELECT m.poster_name, m.follower_count, m.posts,
  rank() OVER (ORDER BY m.follower_count DESC NULLS LAST) AS rank,
  m.follower_count - before.follower_count AS change_1h
FROM merged m
LEFT JOIN LATERAL (
  SELECT e.follower_count
  FROM public.experimental_data e
  WHERE md5(e.poster_name) = m.poster_hash AND e.poster_name = m.poster_name
    AND e.first_append_time < now() - interval '1 hour' AND e.follower_count IS NOT NULL
  ORDER BY e.first_append_time DESC, e.first_partition DESC, e.first_offset DESC
  LIMIT 1
) before ON true;

-- Marts, one table each; replaced as a whole by each marts generation.
CREATE TABLE marts.pins_per_category (
  category text,
  pins bigint NOT NULL
);
CREATE TABLE marts.popular_category_per_year (
  post_year int,
  category text,
  category_count bigint NOT NULL
);
