-- Latest follower count of a poster by position, its posts, its rank, and the change since an hour ago (by position).
-- In:  merged, identities (poster_name, follower_count, first_*). Out: poster_name, follower_count, posts, rank, change_1h.
SELECT m.poster_name, m.follower_count, m.posts,
  rank() OVER (ORDER BY m.follower_count DESC NULLS LAST) AS rank,
  m.follower_count - before.follower_count AS change_1h
FROM merged AS m
LEFT JOIN LATERAL (
  SELECT i.follower_count
  FROM identities AS i
  WHERE md5(i.poster_name) = m.poster_name_hash AND i.poster_name = m.poster_name
    AND i.first_append_time < now() - interval '1 hour' AND i.follower_count IS NOT NULL
  ORDER BY i.first_append_time DESC, i.first_partition DESC, i.first_offset DESC
  LIMIT 1
) AS before ON true
WHERE m.posts > 0
