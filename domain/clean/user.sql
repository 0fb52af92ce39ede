-- Cleans user events.
-- In:  records (topic, partition, "offset", append_time, event_id, received_at VARCHAR, v JSON: object text or NULL where
--      problem is set, problem VARCHAR: reject code or NULL). Macros of macros.sql.
-- Out: one row a record: ind, user_name (first and last name with one blank between, or the one that is there), age,
--      date_joined, nulled, extra, topic, partition, "offset", append_time, event_id, received_at TIMESTAMPTZ, reject (NULL
--      for a clean row). In a reject only the columns from topic on mean anything.
WITH extracted AS (
  SELECT *, json_transform(v, '{"index":"VARCHAR","ind":"VARCHAR","idx":"VARCHAR","first_name":"VARCHAR","last_name":"VARCHAR","age":"VARCHAR","date_joined":"VARCHAR"}') AS f
  FROM records
), judged AS (
  SELECT *,
    integer_of(trimmed(row_number_of(f))) AS ind,
    void_reason(f.first_name) AS first_reason,
    void_reason(f.last_name) AS last_reason,
    integer_of(trimmed(f.age)) AS age,
    integer_reason(f.age) AS age_reason,
    instant_of(trimmed(f.date_joined)) AS date_joined,
    instant_reason(f.date_joined) AS joined_reason
  FROM extracted
)
SELECT
  ind,
  CASE
    WHEN first_reason IS NULL AND last_reason IS NULL THEN f.first_name || ' ' || f.last_name
    WHEN first_reason IS NULL THEN f.first_name
    WHEN last_reason IS NULL THEN f.last_name
  END AS user_name,
  age,
  date_joined,
  CASE WHEN coalesce(first_reason, last_reason, age_reason, joined_reason) IS NOT NULL THEN notes_text([
    note('first_name', first_reason, f.first_name),
    note('last_name', last_reason, f.last_name),
    note('age', age_reason, f.age),
    note('date_joined', joined_reason, f.date_joined)
  ]) END AS nulled,
  extra_of(v,
    (f."index" IS NOT NULL)::INTEGER + (f.ind IS NOT NULL)::INTEGER + (f.idx IS NOT NULL)::INTEGER + (f.first_name IS NOT NULL)::INTEGER
      + (f.last_name IS NOT NULL)::INTEGER + (f.age IS NOT NULL)::INTEGER + (f.date_joined IS NOT NULL)::INTEGER,
    '{"index":null,"ind":null,"idx":null,"first_name":null,"last_name":null,"age":null,"date_joined":null}') AS extra,
  topic, partition, "offset", append_time, event_id,
  instant_of(received_at) AS received_at,
  CASE
    WHEN problem IS NOT NULL THEN problem
    WHEN coalesce(f.first_name, f.last_name, f.age, f.date_joined) IS NULL AND is_foreign(v, ['first_name', 'last_name', 'age', 'date_joined']) THEN 'wrong_kind'
    -- Before missing_key: names that contradict each other are a conflict even where the first is unusable.
    WHEN row_number_conflict(f) THEN 'key_conflict'
    WHEN ind IS NULL THEN 'missing_key'
  END AS reject
FROM judged
