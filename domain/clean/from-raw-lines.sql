-- Makes records of raw lines (their grammar: domain/raw-line.ts).
-- In:  raw_lines (topic VARCHAR, p INTEGER, o BIGINT, t BIGINT, e VARCHAR, r VARCHAR, s VARCHAR, v JSON, b VARCHAR, x VARCHAR).
-- Out: topic, partition, "offset", append_time, event_id, received_at, v, problem: what the cleaning SELECTs read.
-- The slow path of base64 is for values that are valid but cannot stand in a line: line breaks, a byte order mark. The
-- cast cannot fail for them; were it to, the record is a reject and not an empty row.
WITH texts AS (
  SELECT *, CASE WHEN v IS NULL AND x IS NULL THEN TRY(decode(from_base64(b))) END AS apart
  FROM raw_lines
), objects AS (
  SELECT *, CASE WHEN x IS NOT NULL THEN NULL WHEN v IS NOT NULL THEN v ELSE TRY_CAST(ltrim(apart, chr(65279)) AS JSON) END AS object
  FROM texts
)
SELECT topic, p AS partition, o AS "offset", make_timestamptz(t * 1000) AS append_time, e AS event_id, r AS received_at, object AS v,
  CASE WHEN x IS NOT NULL THEN x WHEN object IS NULL THEN 'malformed_json' END AS problem
FROM objects
