-- Cleans geo events.
-- In:  records (topic, partition, "offset", append_time, event_id, received_at VARCHAR, v JSON: object text or NULL where
--      problem is set, problem VARCHAR: reject code or NULL). Macros of macros.sql.
-- Out: one row a record: ind, country, coordinates DOUBLE[] ([latitude, longitude], NULL unless both), timestamp, latitude,
--      longitude, nulled, extra, topic, partition, "offset", append_time, event_id, received_at TIMESTAMPTZ, reject (NULL
--      for a clean row). In a reject only the columns from topic on mean anything.
WITH extracted AS (
  SELECT *, json_transform(v, '{"index":"VARCHAR","ind":"VARCHAR","idx":"VARCHAR","country":"VARCHAR","timestamp":"VARCHAR","latitude":"VARCHAR","longitude":"VARCHAR"}') AS f
  FROM records
), judged AS (
  SELECT *,
    integer_of(trimmed(row_number_of(f))) AS ind,
    void_reason(f.country) AS country_reason,
    instant_of(trimmed(f."timestamp")) AS instant,
    instant_reason(f."timestamp") AS instant_reason,
    degrees_of(trimmed(f.latitude), 90) AS latitude,
    degrees_reason(f.latitude, 90) AS latitude_reason,
    degrees_of(trimmed(f.longitude), 180) AS longitude,
    degrees_reason(f.longitude, 180) AS longitude_reason
  FROM extracted
)
SELECT
  ind,
  CASE WHEN country_reason IS NULL THEN f.country END AS country,
  CASE WHEN latitude IS NOT NULL AND longitude IS NOT NULL THEN [latitude, longitude] END AS coordinates,
  instant AS "timestamp",
  latitude,
  longitude,
  CASE WHEN coalesce(country_reason, instant_reason, latitude_reason, longitude_reason) IS NOT NULL THEN notes_text([
    note('country', country_reason, f.country),
    note('timestamp', instant_reason, f."timestamp"),
    note('latitude', latitude_reason, f.latitude),
    note('longitude', longitude_reason, f.longitude)
  ]) END AS nulled,
  extra_of(v,
    (f."index" IS NOT NULL)::INTEGER + (f.ind IS NOT NULL)::INTEGER + (f.idx IS NOT NULL)::INTEGER + (f.country IS NOT NULL)::INTEGER
      + (f."timestamp" IS NOT NULL)::INTEGER + (f.latitude IS NOT NULL)::INTEGER + (f.longitude IS NOT NULL)::INTEGER,
    '{"index":null,"ind":null,"idx":null,"country":null,"timestamp":null,"latitude":null,"longitude":null}') AS extra,
  topic, partition, "offset", append_time, event_id,
  instant_of(received_at) AS received_at,
  CASE
    WHEN problem IS NOT NULL THEN problem
    WHEN coalesce(f.country, f."timestamp", f.latitude, f.longitude) IS NULL AND is_foreign(v, ['country', 'timestamp', 'latitude', 'longitude']) THEN 'wrong_kind'
    -- Before missing_key: names that contradict each other are a conflict even where the first is unusable.
    WHEN row_number_conflict(f) THEN 'key_conflict'
    WHEN ind IS NULL THEN 'missing_key'
  END AS reject
FROM judged
