-- What new identities add to their posters: a post each, and the latest follower count among them. Identities that were
-- there before are left to hit.sql: a sum can follow them, the latest of a group cannot.
-- In:  upserted (inserted, poster_name, follower_count, first_*).
-- Out: poster_name, topic, partition, posts, follower_count, follower_count_append_time, follower_count_offset.
SELECT poster_name, first_topic AS topic, first_partition AS partition, count(*) AS posts,
  (array_agg(follower_count ORDER BY first_append_time DESC, first_offset DESC) FILTER (WHERE follower_count IS NOT NULL))[1] AS follower_count,
  (array_agg(first_append_time ORDER BY first_append_time DESC, first_offset DESC) FILTER (WHERE follower_count IS NOT NULL))[1] AS follower_count_append_time,
  (array_agg(first_offset ORDER BY first_append_time DESC, first_offset DESC) FILTER (WHERE follower_count IS NOT NULL))[1] AS follower_count_offset
FROM upserted
WHERE inserted AND poster_name IS NOT NULL
GROUP BY poster_name, first_topic, first_partition
