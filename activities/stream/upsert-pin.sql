-- Upserts the clean rows of one batch of one partition, at most one row an identity, into public.experimental_data.
-- In:  $1 topic, $2 partition, then one array a column: unique_id, ind, title, description, follower_count, poster_name, tag_list, is_image_or_video, image_src, save_location, category, downloaded, nulled, extra, "offset", append_time, event_id, received_at, first_offset, first_append_time.
--      "offset", append_time: the identity's latest record in the batch; first_*: its first.
-- Out: one row: applied (new identities and changed content), unchanged (newer record, equal content), superseded (an
--      identity whose stored content is newer); corrected: posters whose profile must be computed anew.
-- Content goes by the latest record, position by the first, both ordered by (append time, partition, offset).
WITH incoming AS (
  SELECT * FROM unnest(
    $3::text[],
    $4::bigint[],
    $5::text[],
    $6::text[],
    $7::bigint[],
    $8::text[],
    $9::text[],
    $10::text[],
    $11::text[],
    $12::text[],
    $13::text[],
    $14::boolean[],
    $15::text[],
    $16::text[],
    $17::bigint[],
    $18::timestamptz[],
    $19::text[],
    $20::timestamptz[],
    $21::bigint[],
    $22::timestamptz[]
  ) AS i(unique_id, ind, title, description, follower_count, poster_name, tag_list, is_image_or_video, image_src, save_location, category, downloaded, nulled, extra, "offset", append_time, event_id, received_at, first_offset, first_append_time)
), upserted AS (
  INSERT INTO public.experimental_data AS t (unique_id, ind, title, description, follower_count, poster_name, tag_list, is_image_or_video, image_src, save_location, category, downloaded, nulled, extra, topic, partition, "offset", append_time, event_id, received_at, first_topic, first_partition, first_offset, first_append_time)
  SELECT unique_id, ind, title, description, follower_count, poster_name, CASE WHEN tag_list IS NOT NULL THEN ARRAY(SELECT json_array_elements_text(tag_list::json)) END, is_image_or_video, image_src, save_location, category, downloaded, nulled::json, extra::json, $1, $2, "offset", append_time, event_id, received_at, $1, $2, first_offset, first_append_time
  FROM incoming
  ORDER BY unique_id -- the same lock order in every transaction
  ON CONFLICT (unique_id) DO UPDATE SET
    ind = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.ind ELSE t.ind END,
    title = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.title ELSE t.title END,
    description = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.description ELSE t.description END,
    follower_count = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.follower_count ELSE t.follower_count END,
    poster_name = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.poster_name ELSE t.poster_name END,
    tag_list = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.tag_list ELSE t.tag_list END,
    is_image_or_video = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.is_image_or_video ELSE t.is_image_or_video END,
    image_src = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.image_src ELSE t.image_src END,
    save_location = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.save_location ELSE t.save_location END,
    category = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.category ELSE t.category END,
    downloaded = CASE WHEN (excluded.append_time, excluded.partition, excluded."offset") > (t.append_time, t.partition, t."offset") THEN excluded.downloaded ELSE t.downloaded END,
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
  RETURNING (old.unique_id IS NULL) AS inserted,
    (old.append_time, old.partition, old."offset") IS DISTINCT FROM (new.append_time, new.partition, new."offset") AS newer,
    ROW(old.ind, old.title, old.description, old.follower_count, old.poster_name, old.tag_list, old.is_image_or_video, old.image_src, old.save_location, old.category, old.downloaded, old.nulled::text, old.extra::text) IS DISTINCT FROM ROW(new.ind, new.title, new.description, new.follower_count, new.poster_name, new.tag_list, new.is_image_or_video, new.image_src, new.save_location, new.category, new.downloaded, new.nulled::text, new.extra::text) AS changed,
    old.category AS old_category, old.poster_name AS old_poster_name, old.follower_count AS old_follower_count,
    old.first_topic AS old_first_topic, old.first_partition AS old_first_partition, old.first_offset AS old_first_offset, old.first_append_time AS old_first_append_time,
    new.category, new.poster_name, new.follower_count,
    new.first_topic, new.first_partition, new.first_offset, new.first_append_time
), window_change AS (
  -- What an identity counted for before is taken back, what it counts for now is added.
  SELECT window_start, key, topic, partition, sum(change) AS change
  FROM (
    SELECT date_trunc('minute', first_append_time, 'UTC') AS window_start, coalesce(category, '') AS key, first_topic AS topic, first_partition AS partition, 1 AS change
    FROM upserted
    UNION ALL
    SELECT date_trunc('minute', old_first_append_time, 'UTC'), coalesce(old_category, ''), old_first_topic, old_first_partition, -1
    FROM upserted
    WHERE NOT inserted
  ) changes
  GROUP BY window_start, key, topic, partition
  HAVING sum(change) <> 0
), windows AS (
  INSERT INTO metrics.window_count AS w (metric, window_start, key, topic, partition, count)
  SELECT 'category_per_minute', window_start, key, topic, partition, change
  FROM window_change
  ORDER BY window_start, md5(key), topic, partition
  ON CONFLICT (metric, window_start, key_hash, topic, partition) DO UPDATE SET
    count = w.count + excluded.count,
    revision = w.revision + 1,
    updated_at = now()
), profile_change AS (
  SELECT poster_name, first_topic AS topic, first_partition AS partition, count(*) AS posts,
    (array_agg(follower_count ORDER BY first_append_time DESC, first_offset DESC) FILTER (WHERE follower_count IS NOT NULL))[1] AS follower_count,
    (array_agg(first_append_time ORDER BY first_append_time DESC, first_offset DESC) FILTER (WHERE follower_count IS NOT NULL))[1] AS position_append_time,
    (array_agg(first_offset ORDER BY first_append_time DESC, first_offset DESC) FILTER (WHERE follower_count IS NOT NULL))[1] AS position_offset
  FROM upserted
  WHERE inserted AND poster_name IS NOT NULL
  GROUP BY poster_name, first_topic, first_partition
), profiles AS (
  INSERT INTO metrics.profile AS p (poster_name, topic, partition, posts, follower_count, position_append_time, position_offset)
  SELECT poster_name, topic, partition, posts, follower_count, position_append_time, position_offset
  FROM profile_change
  ORDER BY md5(poster_name), topic, partition
  ON CONFLICT (poster_hash, topic, partition) DO UPDATE SET
    posts = p.posts + excluded.posts,
    follower_count = CASE WHEN (excluded.position_append_time, excluded.position_offset) > (p.position_append_time, p.position_offset) OR p.position_append_time IS NULL THEN excluded.follower_count ELSE p.follower_count END,
    position_append_time = CASE WHEN (excluded.position_append_time, excluded.position_offset) > (p.position_append_time, p.position_offset) OR p.position_append_time IS NULL THEN excluded.position_append_time ELSE p.position_append_time END,
    position_offset = CASE WHEN (excluded.position_append_time, excluded.position_offset) > (p.position_append_time, p.position_offset) OR p.position_append_time IS NULL THEN excluded.position_offset ELSE p.position_offset END,
    revision = p.revision + 1,
    updated_at = now()
), corrected AS (
  SELECT DISTINCT poster_name, topic, partition
  FROM (
    SELECT poster_name, first_topic AS topic, first_partition AS partition FROM upserted WHERE NOT inserted AND (old_poster_name, old_follower_count, old_first_topic, old_first_partition, old_first_offset) IS DISTINCT FROM (poster_name, follower_count, first_topic, first_partition, first_offset)
    UNION ALL
    SELECT old_poster_name, old_first_topic, old_first_partition FROM upserted WHERE NOT inserted AND (old_poster_name, old_follower_count, old_first_topic, old_first_partition, old_first_offset) IS DISTINCT FROM (poster_name, follower_count, first_topic, first_partition, first_offset)
  ) both_sides
  WHERE poster_name IS NOT NULL
)
SELECT
  count(*) FILTER (WHERE inserted OR (newer AND changed))::int AS applied,
  count(*) FILTER (WHERE NOT inserted AND newer AND NOT changed)::int AS unchanged,
  ((SELECT count(*) FROM incoming) - count(*) FILTER (WHERE inserted OR newer))::int AS superseded,
  (SELECT json_agg(corrected) FROM corrected) AS corrected
FROM upserted
