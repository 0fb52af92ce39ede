-- Makes sure that the profile rows to be computed anew exist, and locks them: what another transaction adds to one of
-- them is then committed before the computation, a statement of its own, looks.
-- In:  $1 JSON array of {poster_name, topic, partition}.
INSERT INTO metrics.profile AS p (poster_name, topic, partition, posts)
SELECT poster_name, topic, partition, 0
FROM json_to_recordset($1::json) AS a(poster_name text, topic text, partition int)
ORDER BY md5(poster_name), topic, partition
ON CONFLICT (poster_hash, topic, partition) DO UPDATE SET posts = p.posts
