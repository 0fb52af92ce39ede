-- How counts are read that a service shows as text. Run after clean/macros.sql.

-- A follower count: digits, an optional fraction, an optional k, M or B.
CREATE OR REPLACE MACRO is_count(t) AS
  regexp_full_match(t, '[0-9]+(\.[0-9]+)?[kKmMbB]?');

CREATE OR REPLACE MACRO count_factor(t) AS
  CASE lower(right(t, 1)) WHEN 'k' THEN 1000 WHEN 'm' THEN 1000000 WHEN 'b' THEN 1000000000 ELSE 1 END;

-- Its value in exact decimals, halves up; NULL for other texts and beyond BIGINT. Ten places of the fraction decide: 10^9
-- shifts nine of them, the tenth rounds. Without the TRY a product beyond DECIMAL(38) would end the statement.
-- Up to nine digits are by far the most texts; the general form costs ten times as much.
CREATE OR REPLACE MACRO count_of(t) AS
  CASE
    WHEN regexp_full_match(t, '[0-9]{1,9}[kKmMbB]?') THEN TRY_CAST(rtrim(t, 'kKmMbB') AS BIGINT) * count_factor(t)
    WHEN is_count(t) THEN TRY(CAST(round(CAST(regexp_extract(t, '^0*([0-9]+(\.[0-9]{1,10})?)', 1) AS DECIMAL(38, 10)) * count_factor(t)) AS BIGINT))
  END;
