-- Posters of identities that were there before and now have another poster, follower count or position: both sides of it.
-- In:  upserted (inserted, poster_name, follower_count, first_*, and the same with old_ before).
-- Out: poster_name, topic, partition.
SELECT DISTINCT poster_name, topic, partition
FROM (
  SELECT poster_name, first_topic AS topic, first_partition AS partition
  FROM upserted
  WHERE NOT inserted
    AND (old_poster_name, old_follower_count, old_first_topic, old_first_partition, old_first_offset) IS DISTINCT FROM (poster_name, follower_count, first_topic, first_partition, first_offset)
  UNION ALL
  SELECT old_poster_name, old_first_topic, old_first_partition
  FROM upserted
  WHERE NOT inserted
    AND (old_poster_name, old_follower_count, old_first_topic, old_first_partition, old_first_offset) IS DISTINCT FROM (poster_name, follower_count, first_topic, first_partition, first_offset)
) AS both_sides
WHERE poster_name IS NOT NULL
