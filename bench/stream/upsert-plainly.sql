-- Upserts the rows of one batch of one partition, at most one an identity, into bare.pins: the columns of
-- public.experimental_data, of which this loop leaves the notes and headers empty.
-- In:  $1 topic, $2 partition, then one array a column: unique_id, ind, title, description, follower_count, poster_name, tag_list (array literals), is_image_or_video, image_src, save_location, category, downloaded, "offset", append_time in ms.
INSERT INTO bare.pins AS t (unique_id, ind, title, description, follower_count, poster_name, tag_list, is_image_or_video, image_src, save_location, category, downloaded, topic, partition, "offset", append_time, first_topic, first_partition, first_offset, first_append_time)
SELECT unique_id, ind, title, description, follower_count, poster_name, tag_list::text[], is_image_or_video, image_src, save_location, category, downloaded, $1, $2, "offset", to_timestamp(append_ms / 1000.0), $1, $2, "offset", to_timestamp(append_ms / 1000.0)
FROM unnest($3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::boolean[], $15::bigint[], $16::bigint[])
  AS i(unique_id, ind, title, description, follower_count, poster_name, tag_list, is_image_or_video, image_src, save_location, category, downloaded, "offset", append_ms)
ON CONFLICT (unique_id) DO UPDATE SET
  ind = excluded.ind,
  title = excluded.title,
  description = excluded.description,
  follower_count = excluded.follower_count,
  poster_name = excluded.poster_name,
  tag_list = excluded.tag_list,
  is_image_or_video = excluded.is_image_or_video,
  image_src = excluded.image_src,
  save_location = excluded.save_location,
  category = excluded.category,
  downloaded = excluded.downloaded,
  topic = excluded.topic,
  partition = excluded.partition,
  "offset" = excluded."offset",
  append_time = excluded.append_time
