-- The records that won (latest-per-identity.sql). Coordinates say it all: they are unique within a topic.
-- In:  all_records (what from-raw-lines.sql gives, one topic), winners (partition, "offset", ...). Out: columns of all_records.
SELECT *
FROM all_records
SEMI JOIN winners ON winners.partition = all_records.partition AND winners."offset" = all_records."offset"
