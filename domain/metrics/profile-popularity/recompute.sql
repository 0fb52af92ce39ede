-- Profiles computed from the posters' pins. Hashes, because a poster's name may be longer than an index row.
-- In:  hit (poster_name, topic, partition), identities (poster_name, follower_count, first_*).
-- Out: poster_name, topic, partition, posts, follower_count, follower_count_append_time, follower_count_offset.
SELECT hit.poster_name, hit.topic, hit.partition, count(i.first_offset) AS posts,
  (array_agg(i.follower_count ORDER BY i.first_append_time DESC, i.first_offset DESC) FILTER (WHERE i.follower_count IS NOT NULL))[1] AS follower_count,
  (array_agg(i.first_append_time ORDER BY i.first_append_time DESC, i.first_offset DESC) FILTER (WHERE i.follower_count IS NOT NULL))[1] AS follower_count_append_time,
  (array_agg(i.first_offset ORDER BY i.first_append_time DESC, i.first_offset DESC) FILTER (WHERE i.follower_count IS NOT NULL))[1] AS follower_count_offset
FROM hit
LEFT JOIN identities AS i
  ON md5(i.poster_name) = md5(hit.poster_name) AND i.poster_name = hit.poster_name AND i.first_topic = hit.topic AND i.first_partition = hit.partition
GROUP BY hit.poster_name, hit.topic, hit.partition
