-- Cleans geo events.
-- In:  records (topic, partition, "offset", append_time, event_id, received_at VARCHAR, v JSON: object text or NULL where
--      problem is set, problem VARCHAR: reject code or NULL). Macros of macros.sql.
-- Out: one row a record: ind, country, coordinates DOUBLE[] ([latitude, longitude], NULL unless both), timestamp, latitude,
--      longitude, nulled, extra, topic, partition, "offset", append_time, event_id, received_at TIMESTAMPTZ, reject (NULL
--      for a clean row). In a reject only the columns from topic on mean anything.
WITH extracted AS (
  SELECT *, json_transform(v, '{"index":"VARCHAR","ind":"VARCHAR","idx":"VARCHAR","country":"VARCHAR","timestamp":"VARCHAR","latitude":"VARCHAR","longitude":"VARCHAR"}') AS f
  FROM records
), fields AS (
  -- Once a field: each look into a struct sets aside room for all of it.
  SELECT * EXCLUDE (f), f."index" AS index_in, f."ind" AS ind_in, f."idx" AS idx_in, f."country" AS country_in, f."timestamp" AS timestamp_in, f."latitude" AS latitude_in, f."longitude" AS longitude_in
  FROM extracted
), texts AS (
  SELECT *,
    row_number_of(index_in, ind_in, idx_in) AS ind_text,
    said_by(index_in, index_in, ind_in, idx_in) AS index_says,
    said_by(ind_in, index_in, ind_in, idx_in) AS ind_says,
    said_by(idx_in, index_in, ind_in, idx_in) AS idx_says,
    trimmed(timestamp_in) AS instant_text,
    trimmed(latitude_in) AS latitude_text,
    trimmed(longitude_in) AS longitude_text,
    CASE WHEN is_iso(received_at) THEN received_at END AS received_iso,
    extra_of(v,
      (index_in IS NOT NULL)::INTEGER + (ind_in IS NOT NULL)::INTEGER + (idx_in IS NOT NULL)::INTEGER + (country_in IS NOT NULL)::INTEGER
        + (timestamp_in IS NOT NULL)::INTEGER + (latitude_in IS NOT NULL)::INTEGER + (longitude_in IS NOT NULL)::INTEGER,
      '{"index":null,"ind":null,"idx":null,"country":null,"timestamp":null,"latitude":null,"longitude":null}') AS extra
  FROM fields
), values_ AS (
  SELECT *,
    trimmed(ind_text) AS ind_digits,
    iso_of(instant_text) AS instant_iso,
    degrees_of(latitude_text, 90) AS latitude,
    degrees_of(longitude_text, 180) AS longitude,
    void_reason(country_in) AS country_reason
  FROM texts
), numbers AS (
  SELECT *, integer_of(ind_digits) AS ind, instant_of(instant_iso) AS instant
  FROM values_
), judged AS (
  SELECT *,
    CASE WHEN instant IS NULL THEN coalesce(void_reason(timestamp_in), 'unparseable_date') END AS instant_reason,
    degrees_reason(latitude_in, latitude_text, latitude) AS latitude_reason,
    degrees_reason(longitude_in, longitude_text, longitude) AS longitude_reason
  FROM numbers
)
SELECT
  ind,
  CASE WHEN country_reason IS NULL THEN country_in END AS country,
  CASE WHEN latitude IS NOT NULL AND longitude IS NOT NULL THEN [latitude, longitude] END AS coordinates,
  instant AS "timestamp",
  latitude,
  longitude,
  CASE WHEN coalesce(country_reason, instant_reason, latitude_reason, longitude_reason) IS NOT NULL THEN notes_text(
    ['country', 'timestamp', 'latitude', 'longitude'],
    [country_reason, instant_reason, latitude_reason, longitude_reason],
    [country_in, timestamp_in, latitude_in, longitude_in]
  ) END AS nulled,
  extra,
  topic, partition, "offset", append_time, event_id,
  instant_of(received_iso) AS received_at,
  CASE
    WHEN problem IS NOT NULL THEN problem
    -- Not one of the kind's own members, not even as null, yet others than a row number: some other kind's. Does not look at
    -- `extra`, so that a pass for keys alone need not make it.
    WHEN CASE WHEN coalesce(country_in, timestamp_in, latitude_in, longitude_in) IS NULL
      THEN has_more_than_row_number(v) AND NOT list_contains(json_exists(v, ['$.country', '$.timestamp', '$.latitude', '$.longitude']), true) ELSE false END THEN 'wrong_kind'
    -- Before missing_key: names that contradict each other are a conflict even where the first is unusable.
    WHEN contradict(index_says, ind_says, idx_says) THEN 'key_conflict'
    WHEN ind IS NULL THEN 'missing_key'
  END AS reject
FROM judged
