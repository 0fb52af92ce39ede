-- The records that won (latest-per-identity.sql). Coordinates say it all: they are unique within a topic.
-- In:  all_records (what from-raw-lines.sql gives, one topic), winners (partition, "offset", ...). Out: columns of all_records.
-- Written so that it becomes a mark join, which always keeps `winners` in memory and lets records stream by. A semi-join is
-- turned around, because the engine takes a file of lines for small, and then holds every record's text in memory.
SELECT *
FROM all_records
WHERE CASE WHEN (partition, "offset") IN (SELECT (winners.partition, winners."offset") FROM winners) THEN true ELSE false END
