-- Head of the statement that upserts the clean rows of one batch of one partition, at most one row an identity, into
-- public.experimental_data: `incoming` and `upserted`, whose RETURNING goes on behind the last line (upsert-head.ts).
-- In:  $1 topic, $2 partition, then one array a column: unique_id, ind, title, description, follower_count, poster_name, tag_list, is_image_or_video, image_src, save_location, category, downloaded, nulled, extra, "offset", append_time, event_id, received_at, first_offset, first_append_time.
--      "offset", append_time: the identity's latest record in the batch; first_*: its first.
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
    ROW(old.ind, old.title, old.description, old.follower_count, old.poster_name, old.tag_list, old.is_image_or_video, old.image_src, old.save_location, old.category, old.downloaded, old.nulled::text, old.extra::text) IS DISTINCT FROM ROW(new.ind, new.title, new.description, new.follower_count, new.poster_name, new.tag_list, new.is_image_or_video, new.image_src, new.save_location, new.category, new.downloaded, new.nulled::text, new.extra::text) AS changed
