-- Cleans user events.
-- In:  records (topic, partition, "offset", append_time, event_id, received_at VARCHAR, v JSON: object text or NULL where
--      problem is set, problem VARCHAR: reject code or NULL). Macros of macros.sql.
-- Out: one row a record: ind, user_name (first and last name with one blank between, or the one that is there), age,
--      date_joined, nulled, extra, topic, partition, "offset", append_time, event_id, received_at TIMESTAMPTZ, reject (NULL
--      for a clean row). In a reject only the columns from topic on mean anything.
WITH extracted AS (
  SELECT *, json_transform(v, '{"index":"VARCHAR","ind":"VARCHAR","idx":"VARCHAR","first_name":"VARCHAR","last_name":"VARCHAR","age":"VARCHAR","date_joined":"VARCHAR"}') AS f
  FROM records
), fields AS (
  -- Once a field: each look into a struct sets aside room for all of it.
  SELECT * EXCLUDE (f), f."index" AS index_in, f."ind" AS ind_in, f."idx" AS idx_in, f."first_name" AS first_name_in, f."last_name" AS last_name_in, f."age" AS age_in, f."date_joined" AS date_joined_in
  FROM extracted
), texts AS (
  SELECT *,
    row_number_of(index_in, ind_in, idx_in) AS ind_text,
    said_by(index_in, index_in, ind_in, idx_in) AS index_says,
    said_by(ind_in, index_in, ind_in, idx_in) AS ind_says,
    said_by(idx_in, index_in, ind_in, idx_in) AS idx_says,
    trimmed(age_in) AS age_text,
    trimmed(date_joined_in) AS joined_text,
    CASE WHEN is_iso(received_at) THEN received_at END AS received_iso,
    extra_of(v,
      (index_in IS NOT NULL)::INTEGER + (ind_in IS NOT NULL)::INTEGER + (idx_in IS NOT NULL)::INTEGER + (first_name_in IS NOT NULL)::INTEGER
        + (last_name_in IS NOT NULL)::INTEGER + (age_in IS NOT NULL)::INTEGER + (date_joined_in IS NOT NULL)::INTEGER,
      '{"index":null,"ind":null,"idx":null,"first_name":null,"last_name":null,"age":null,"date_joined":null}') AS extra
  FROM fields
), values_ AS (
  SELECT *,
    trimmed(ind_text) AS ind_digits,
    integer_of(age_text) AS age,
    iso_of(joined_text) AS joined_iso,
    void_reason(first_name_in) AS first_reason,
    void_reason(last_name_in) AS last_reason
  FROM texts
), numbers AS (
  SELECT *, integer_of(ind_digits) AS ind, instant_of(joined_iso) AS date_joined
  FROM values_
), judged AS (
  SELECT *,
    integer_reason(age_in, age_text, age) AS age_reason,
    CASE WHEN date_joined IS NULL THEN coalesce(void_reason(date_joined_in), 'unparseable_date') END AS joined_reason
  FROM numbers
)
SELECT
  ind,
  CASE
    WHEN first_reason IS NULL AND last_reason IS NULL THEN first_name_in || ' ' || last_name_in
    WHEN first_reason IS NULL THEN first_name_in
    WHEN last_reason IS NULL THEN last_name_in
  END AS user_name,
  age,
  date_joined,
  CASE WHEN coalesce(first_reason, last_reason, age_reason, joined_reason) IS NOT NULL THEN notes_text(
    ['first_name', 'last_name', 'age', 'date_joined'],
    [first_reason, last_reason, age_reason, joined_reason],
    [first_name_in, last_name_in, age_in, date_joined_in]
  ) END AS nulled,
  extra,
  topic, partition, "offset", append_time, event_id,
  instant_of(received_iso) AS received_at,
  CASE
    WHEN problem IS NOT NULL THEN problem
    -- Not one of the kind's own members, not even as null, yet others than a row number: some other kind's. Does not look at
    -- `extra`, so that a pass for keys alone need not make it.
    WHEN CASE WHEN coalesce(first_name_in, last_name_in, age_in, date_joined_in) IS NULL
      THEN has_more_than_row_number(v) AND NOT list_contains(json_exists(v, ['$.first_name', '$.last_name', '$.age', '$.date_joined']), true) ELSE false END THEN 'wrong_kind'
    -- Before missing_key: names that contradict each other are a conflict even where the first is unusable.
    WHEN contradict(index_says, ind_says, idx_says) THEN 'key_conflict'
    WHEN ind IS NULL THEN 'missing_key'
  END AS reject
FROM judged
