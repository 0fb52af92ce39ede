-- Cleans boards, an invented kind.
-- In:  records, as for every kind. Macros of macros.sql.
-- Out: one row a record: board_id, name, pins, nulled, extra, topic, partition, "offset", append_time, event_id, received_at,
--      reject.
WITH extracted AS (
  SELECT *, json_transform(v, '{"board_id":"VARCHAR","name":"VARCHAR","pins":"VARCHAR"}') AS f
  FROM records
), fields AS (
  SELECT * EXCLUDE (f), f."board_id" AS board_id, f."name" AS name_in, f."pins" AS pins_in
  FROM extracted
), texts AS (
  SELECT *,
    trimmed(pins_in) AS pins_text,
    CASE WHEN is_iso(received_at) THEN received_at END AS received_iso,
    extra_of(v, (board_id IS NOT NULL)::INTEGER + (name_in IS NOT NULL)::INTEGER + (pins_in IS NOT NULL)::INTEGER, '{"board_id":null,"name":null,"pins":null}') AS extra
  FROM fields
), values_ AS (
  SELECT *, integer_of(pins_text) AS pins, void_reason(name_in) AS name_reason, void_reason(board_id) AS id_reason
  FROM texts
), judged AS (
  SELECT *, integer_reason(pins_in, pins_text, pins) AS pins_reason
  FROM values_
)
SELECT
  board_id,
  CASE WHEN name_reason IS NULL THEN name_in END AS name,
  pins,
  CASE WHEN coalesce(name_reason, pins_reason) IS NOT NULL THEN notes_text(['name', 'pins'], [name_reason, pins_reason], [name_in, pins_in]) END AS nulled,
  extra,
  topic, partition, "offset", append_time, event_id,
  instant_of(received_iso) AS received_at,
  CASE WHEN problem IS NOT NULL THEN problem WHEN id_reason IS NOT NULL THEN 'missing_key' END AS reject
FROM judged
