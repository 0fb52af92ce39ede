window_change AS (
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
