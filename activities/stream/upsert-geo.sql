-- Head of the statement that upserts the clean rows of one batch of one partition, at most one row an identity, into
-- public.geo: `incoming` and `upserted`, whose RETURNING goes on behind the last line (upsert-head.ts).
-- In:  $1 topic, $2 partition, then one array a column: ind, country, "timestamp", latitude, longitude, nulled, extra, "offset", append_time, event_id, received_at, first_offset, first_append_time.
--      "offset", append_time: the identity's latest record in the batch; first_*: its first.
-- Content goes by the latest record, position by the first, both ordered by (append time, partition, offset).
WITH incoming AS (
  SELECT * FROM unnest(
    $3::bigint[],
    $4::text[],
    $5::timestamptz[],
    $6::double precision[],
    $7::double precision[],
    $8::text[],
    $9::text[],
    $10::bigint[],
    $11::timestamptz[],
    $12::text[],
    $13::timestamptz[],
    $14::bigint[],
    $15::timestamptz[]
  ) AS i(ind, country, "timestamp", latitude, longitude, nulled, extra, "offset", append_time, event_id, received_at, first_offset, first_append_time)
), upserted AS (
  INSERT INTO public.geo AS t (ind, country, coordinates, "timestamp", latitude, longitude, nulled, extra, topic, partition, "offset", append_time, event_id, received_at, first_topic, first_partition, first_offset, first_append_time)
  SELECT ind, country, CASE WHEN latitude IS NOT NULL AND longitude IS NOT NULL THEN ARRAY[latitude, longitude] END, "timestamp", latitude, longitude, nulled::json, extra::json, $1, $2, "offset", append_time, event_id, received_at, $1, $2, first_offset, first_append_time
  FROM incoming
  ORDER BY ind -- the same lock order in every transaction
  ON CONFLICT (ind) DO UPDATE SET
    country = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.country ELSE t.country END,
    coordinates = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.coordinates ELSE t.coordinates END,
    "timestamp" = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded."timestamp" ELSE t."timestamp" END,
    latitude = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.latitude ELSE t.latitude END,
    longitude = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.longitude ELSE t.longitude END,
    nulled = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.nulled ELSE t.nulled END,
    extra = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.extra ELSE t.extra END,
    topic = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.topic ELSE t.topic END,
    partition = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.partition ELSE t.partition END,
    "offset" = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded."offset" ELSE t."offset" END,
    append_time = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.append_time ELSE t.append_time END,
    event_id = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.event_id ELSE t.event_id END,
    received_at = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.received_at ELSE t.received_at END,
    first_topic = CASE WHEN (excluded.first_append_time, excluded.first_partition, excluded.first_offset) < (t.first_append_time, t.first_partition, t.first_offset) THEN excluded.first_topic ELSE t.first_topic END,
    first_partition = CASE WHEN (excluded.first_append_time, excluded.first_partition, excluded.first_offset) < (t.first_append_time, t.first_partition, t.first_offset) THEN excluded.first_partition ELSE t.first_partition END,
    first_offset = CASE WHEN (excluded.first_append_time, excluded.first_partition, excluded.first_offset) < (t.first_append_time, t.first_partition, t.first_offset) THEN excluded.first_offset ELSE t.first_offset END,
    first_append_time = CASE WHEN (excluded.first_append_time, excluded.first_partition, excluded.first_offset) < (t.first_append_time, t.first_partition, t.first_offset) THEN excluded.first_append_time ELSE t.first_append_time END
  WHERE (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset")
    OR (excluded.first_append_time, excluded.first_partition, excluded.first_offset) < (t.first_append_time, t.first_partition, t.first_offset)
  RETURNING (old.ind IS NULL) AS inserted,
    (old.append_time, old.partition, old."offset") IS DISTINCT FROM (new.append_time, new.partition, new."offset") AS newer,
    ROW(old.country, old.coordinates, old."timestamp", old.latitude, old.longitude, old.nulled::text, old.extra::text) IS DISTINCT FROM ROW(new.country, new.coordinates, new."timestamp", new.latitude, new.longitude, new.nulled::text, new.extra::text) AS changed
