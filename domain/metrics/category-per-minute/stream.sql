-- What posts of a window and category become more by: what an identity counted for before is taken back, what it counts for
-- now is added.
-- In:  upserted (inserted, category, first_append_time, first_topic, first_partition, and the same with old_ before),
--      parameters (window_unit: minute, hour, ...). Out: window_start, category (NULL: none), topic, partition, pins.
SELECT window_start, category, topic, partition, sum(change) AS pins
FROM (
  SELECT date_trunc(window_unit, first_append_time, 'UTC') AS window_start, nullif(category, '') AS category, first_topic AS topic, first_partition AS partition, 1 AS change
  FROM upserted, parameters
  UNION ALL
  SELECT date_trunc(window_unit, old_first_append_time, 'UTC'), nullif(old_category, ''), old_first_topic, old_first_partition, -1
  FROM upserted, parameters
  WHERE NOT inserted
) AS changes
GROUP BY window_start, category, topic, partition
HAVING sum(change) <> 0
