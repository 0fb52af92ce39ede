CREATE TABLE public.board (
  board_id text PRIMARY KEY,
  name text,
  pins bigint,
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
);
