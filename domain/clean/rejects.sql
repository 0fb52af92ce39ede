-- Rows of the lake table `rejects`.
-- In:  cleaned (what a cleaning SELECT gives, one topic), raw_lines (as in from-raw-lines.sql, same records), kind_name (kind,
--      one row).
-- Out: kind, reason, topic, partition, "offset", append_time, event_id, received_at, source, value, encoding.
--      value: text where it is UTF-8 ('text'), else base64 ('base64'); NULL for a record without one. Of a value that stood
--      in the line as JSON it is that JSON, not its spelling: the raw object has the bytes.
SELECT kind, reject AS reason, cleaned.topic AS topic, partition, "offset", append_time, event_id, received_at, s AS source,
  CASE WHEN v IS NOT NULL THEN v::VARCHAR ELSE coalesce(TRY(decode(from_base64(b))), b) END AS value,
  CASE WHEN v IS NULL AND b IS NULL THEN NULL WHEN v IS NULL AND TRY(decode(from_base64(b))) IS NULL THEN 'base64' ELSE 'text' END AS encoding
FROM cleaned
JOIN raw_lines ON p = partition AND o = "offset"
CROSS JOIN kind_name
WHERE reject IS NOT NULL
