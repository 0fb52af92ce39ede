-- Computes profile rows anew from the posters' pins: for content or position changes that a sum cannot follow.
-- In:  $1 JSON array of {poster_name, topic, partition}.
-- Runs after the upsert of the same transaction, so it sees what that wrote.
INSERT INTO metrics.profile AS p (poster_name, topic, partition, posts, follower_count, position_append_time, position_offset)
SELECT a.poster_name, a.topic, a.partition, count(e.unique_id),
  (array_agg(e.follower_count ORDER BY e.first_append_time DESC, e.first_offset DESC) FILTER (WHERE e.follower_count IS NOT NULL))[1],
  (array_agg(e.first_append_time ORDER BY e.first_append_time DESC, e.first_offset DESC) FILTER (WHERE e.follower_count IS NOT NULL))[1],
  (array_agg(e.first_offset ORDER BY e.first_append_time DESC, e.first_offset DESC) FILTER (WHERE e.follower_count IS NOT NULL))[1]
FROM json_to_recordset($1::json) AS a(poster_name text, topic text, partition int)
LEFT JOIN public.experimental_data e
  ON md5(e.poster_name) = md5(a.poster_name) AND e.poster_name = a.poster_name AND e.first_topic = a.topic AND e.first_partition = a.partition
GROUP BY a.poster_name, a.topic, a.partition
ORDER BY md5(a.poster_name), a.topic, a.partition
ON CONFLICT (poster_hash, topic, partition) DO UPDATE SET
  posts = excluded.posts,
  follower_count = excluded.follower_count,
  position_append_time = excluded.position_append_time,
  position_offset = excluded.position_offset,
  revision = p.revision + 1,
  updated_at = now()
