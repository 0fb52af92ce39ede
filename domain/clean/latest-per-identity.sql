-- The latest record of each identity by (append time, partition, offset): a total order, never NULL.
-- In:  keyed (identity, append_time, partition, "offset"). Out: the same columns, one row an identity. As output is input
--      again, the latest over many parts is the latest over the parts' latest.
-- Keys first: rows follow by a semi-join (winning-records.sql), so that no wide row enters an aggregate. The order is packed
-- into one number, ms * 2^69 + partition * 2^53 + offset, because max() of a struct costs several times as much; append
-- times are whole milliseconds, partitions are below 2^16, offsets below 2^53.
WITH latest AS (
  SELECT identity, max(epoch_ms(append_time)::HUGEINT * 590295810358705651712 + partition::HUGEINT * 9007199254740992 + "offset") AS packed
  FROM keyed
  GROUP BY identity
)
SELECT identity,
  make_timestamptz((packed // 590295810358705651712)::BIGINT * 1000) AS append_time,
  ((packed // 9007199254740992) % 65536)::INTEGER AS partition,
  (packed % 9007199254740992)::BIGINT AS "offset"
FROM latest
