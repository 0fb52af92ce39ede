-- How degrees are read. Run after clean/macros.sql.

-- The numbers that JSON knows, as text. A cast alone would take NaN, inf, 0x10 and 1_000.
CREATE OR REPLACE MACRO is_number(t) AS
  regexp_full_match(t, '-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?');

-- Degrees from a trimmed text; NULL for other texts and beyond the limit. There is one zero: what is added makes it of -0,
-- which not every reader of ours can carry.
CREATE OR REPLACE MACRO degrees_of(t, limit_degrees) AS
  CASE WHEN is_number(t) AND abs(TRY_CAST(t AS DOUBLE)) <= limit_degrees THEN TRY_CAST(t AS DOUBLE) + 0.0 END;

CREATE OR REPLACE MACRO degrees_reason(x, t, given) AS
  CASE WHEN given IS NOT NULL THEN NULL ELSE coalesce(void_reason(x), CASE WHEN is_number(t) THEN 'out_of_range' ELSE 'not_a_number' END) END;
