-- What the SELECTs of cleaning share. CREATE MACRO statements, run once per DuckDB instance; needs TimeZone = 'UTC'.
-- Blanks are exactly those of JavaScript's trim(): DuckDB's own trim(x) and RE2's \s know fewer. trim(x, set) builds the
-- set anew for each row (2 us), so it runs only where a cheap look says that there is something to trim.

-- Whether a text is nothing but blanks.
CREATE OR REPLACE MACRO is_blank(x) AS
  regexp_full_match(x, '[\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]*');

-- A text without leading and trailing blanks: for comparing and parsing only, kept text stays as it is.
CREATE OR REPLACE MACRO trimmed(x) AS
  CASE WHEN regexp_full_match(x, '[!-~]*') THEN x ELSE trim(x,
    chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(32) || chr(160) || chr(5760)
    || chr(8192) || chr(8193) || chr(8194) || chr(8195) || chr(8196) || chr(8197) || chr(8198) || chr(8199) || chr(8200) || chr(8201) || chr(8202)
    || chr(8232) || chr(8233) || chr(8239) || chr(8287) || chr(12288) || chr(65279)) END;

-- Whether a text equals another but for blanks around it.
CREATE OR REPLACE MACRO is_text(x, expected) AS
  CASE WHEN contains(x, expected) THEN trimmed(x) = expected ELSE false END;

-- Why a field has nothing to clean: missing (absent or JSON null), nul (Postgres refuses it), empty; else NULL.
CREATE OR REPLACE MACRO void_reason(x) AS
  CASE WHEN x IS NULL THEN 'missing' WHEN contains(x, chr(0)) THEN 'nul' WHEN is_blank(x) THEN 'empty' END;

-- An entry of `nulled`, or NULL where there is no reason for one.
CREATE OR REPLACE MACRO note(field, reason, raw) AS
  CASE WHEN reason IS NOT NULL THEN {'field': field, 'reason': reason, 'raw': raw} END;

-- The column `nulled`: the notes as JSON text, NULL where there are none.
CREATE OR REPLACE MACRO notes_text(notes) AS
  to_json(list_filter(notes, lambda n: n IS NOT NULL))::VARCHAR;

-- The characters of an integer: digits, with a minus and with a fraction of zeros (a JSON 7.0 arrives as '7.0').
CREATE OR REPLACE MACRO is_integer(t) AS
  regexp_full_match(t, '-?[0-9]+(\.0+)?');

-- An integer from a trimmed text, else NULL. A cast alone would take +5, 5., 1e3, 0x10, 1_000 and round 7.9.
CREATE OR REPLACE MACRO integer_of(t) AS
  CASE WHEN is_integer(t) THEN TRY_CAST(split_part(t, '.', 1) AS BIGINT) END;

-- Why a text gives no integer; NULL where it does.
CREATE OR REPLACE MACRO integer_reason(x) AS
  CASE WHEN void_reason(x) IS NOT NULL THEN void_reason(x)
    WHEN NOT is_integer(trimmed(x)) THEN 'unparseable'
    WHEN integer_of(trimmed(x)) IS NULL THEN 'out_of_range' END;

-- A follower count: digits, an optional fraction, an optional k, M or B, in exact decimals, halves up.
CREATE OR REPLACE MACRO is_count(t) AS
  regexp_full_match(t, '[0-9]+(\.[0-9]+)?[kKmMbB]?');

CREATE OR REPLACE MACRO count_factor(t) AS
  CASE right(t, 1)
    WHEN 'k' THEN 1000 WHEN 'K' THEN 1000
    WHEN 'm' THEN 1000000 WHEN 'M' THEN 1000000
    WHEN 'b' THEN 1000000000 WHEN 'B' THEN 1000000000
    ELSE 1 END;

-- Decimals beyond DECIMAL(38,10) go the way of digits: what counts is whether the product fits a BIGINT. The fraction is
-- cut after 10 places, which no factor of 10^9 can bring to matter but for halves: 9 places shifted, 1 to round by.
CREATE OR REPLACE MACRO count_of(t) AS
  CASE
    WHEN NOT is_count(t) THEN NULL
    -- By far the most texts; the general form below costs ten times as much.
    WHEN regexp_full_match(t, '[0-9]{1,9}[kKmMbB]?') THEN TRY_CAST(rtrim(t, 'kKmMbB') AS BIGINT) * count_factor(t)
    ELSE TRY(CAST(round(CAST(regexp_extract(t, '^0*([0-9]+(\.[0-9]{1,10})?)', 1) AS DECIMAL(38, 10)) * count_factor(t)) AS BIGINT))
  END;

-- The numbers that JSON knows, as text. A cast alone would take NaN, inf, 0x10 and 1_000.
CREATE OR REPLACE MACRO is_number(t) AS
  regexp_full_match(t, '-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?');

CREATE OR REPLACE MACRO degrees_of(t, limit_degrees) AS
  CASE WHEN is_number(t) AND abs(TRY_CAST(t AS DOUBLE)) <= limit_degrees THEN TRY_CAST(t AS DOUBLE) END;

CREATE OR REPLACE MACRO degrees_reason(x, limit_degrees) AS
  CASE WHEN void_reason(x) IS NOT NULL THEN void_reason(x)
    WHEN NOT is_number(trimmed(x)) THEN 'not_a_number'
    WHEN degrees_of(trimmed(x), limit_degrees) IS NULL THEN 'out_of_range' END;

-- One ISO form for the four spellings of dates that clients use, else NULL. Hours to 23, offsets to 15:59: the cast
-- would take 24:00:00 for the next day and +99:00 for four days.
CREATE OR REPLACE MACRO iso_of(t) AS
  CASE
    WHEN NOT regexp_full_match(t, '([0-9]{4}[-:][0-9]{2}[-:][0-9]{2}[T ]|[0-9]{2}/[0-9]{2}/[0-9]{4}, )([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-5]):?[0-5][0-9])?') THEN NULL
    WHEN t[5] = '-' AND t[8] = '-' THEN t
    WHEN t[5] = ':' AND t[8] = ':' AND t[11] = ' ' THEN t[1:4] || '-' || t[6:7] || '-' || t[9:]
    WHEN t[3] = '/' THEN t[7:10] || '-' || t[1:2] || '-' || t[4:5] || ' ' || t[13:]
  END;

-- An instant from a trimmed text, else NULL; without a zone it is UTC. Years 1 to 9999: every reader can show these.
CREATE OR REPLACE MACRO instant_of(t) AS
  CASE WHEN TRY_CAST(iso_of(t) AS TIMESTAMPTZ) BETWEEN TIMESTAMPTZ '0001-01-01 00:00:00+00' AND TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'
    THEN TRY_CAST(iso_of(t) AS TIMESTAMPTZ) END;

CREATE OR REPLACE MACRO instant_reason(x) AS
  CASE WHEN void_reason(x) IS NOT NULL THEN void_reason(x)
    WHEN instant_of(trimmed(x)) IS NULL THEN 'unparseable_date' END;

-- Whether two aliases of one field contradict each other. Blank ones say nothing; 7, "7" and 7.0 agree.
CREATE OR REPLACE MACRO contradict(a, b) AS
  CASE WHEN a IS NULL OR b IS NULL OR is_blank(a) OR is_blank(b) THEN false
    ELSE coalesce(integer_of(trimmed(a))::VARCHAR, trimmed(a)) <> coalesce(integer_of(trimmed(b))::VARCHAR, trimmed(b)) END;

-- The row number under any of its names: the first that says something, else the first that is there.
CREATE OR REPLACE MACRO row_number_of(f) AS
  CASE WHEN f."index" IS NOT NULL AND f.ind IS NULL AND f.idx IS NULL THEN f."index"
    WHEN f.ind IS NOT NULL AND f."index" IS NULL AND f.idx IS NULL THEN f.ind
    ELSE coalesce(
      CASE WHEN NOT is_blank(f."index") THEN f."index" END, CASE WHEN NOT is_blank(f.ind) THEN f.ind END, CASE WHEN NOT is_blank(f.idx) THEN f.idx END,
      f."index", f.ind, f.idx) END;

CREATE OR REPLACE MACRO row_number_conflict(f) AS
  contradict(f."index", f.ind) OR contradict(f."index", f.idx) OR contradict(f.ind, f.idx);

-- `extra`: the members of a JSON object that nobody named, as JSON text, or NULL. `named_count` is how many named members
-- are there and not null; only where the object has more keys than that, the patch that removes `named` is worth its cost.
CREATE OR REPLACE MACRO extra_of(v, named_count, named) AS
  CASE WHEN len(json_keys(v)) > named_count THEN nullif(json_merge_patch(v, named)::VARCHAR, '{}') END;

-- Whether a JSON object is some other kind's: none of the kind's own members, yet members that are no row number.
-- Looked at only where all own fields are NULL.
CREATE OR REPLACE MACRO is_foreign(v, own) AS
  len(list_filter(json_keys(v), lambda k: k NOT IN ('index', 'ind', 'idx'))) > 0 AND NOT list_has_any(json_keys(v), own);
