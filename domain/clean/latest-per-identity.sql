-- The latest record of each identity by (append time, partition, offset): a total order, never NULL.
-- In:  keyed (identity, append_time, partition, "offset"). Out: the same columns, one row an identity. As output is input
--      again, the latest over many parts is the latest over the parts' latest.
-- Keys first: rows follow by their coordinates (winning-records.sql), so that no wide row enters an aggregate.
SELECT identity, unnest(max({'append_time': append_time, 'partition': partition, 'offset': "offset"}))
FROM keyed
GROUP BY identity
