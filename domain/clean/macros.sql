-- What the SELECTs of cleaning share. CREATE MACRO statements, run once per DuckDB instance; needs TimeZone = 'UTC'. What one kind
-- alone can read stands in the macros.sql of its folder, run after this.
-- A macro is expanded as text: give it columns, not expressions, or planning grows with each level of nesting.

-- Regular expressions are compiled anew for each execution, those with Unicode classes at length; what runs once a field
-- does without them, or a batch of one record would take 12 ms.

-- Blanks are exactly those of JavaScript's trim(): DuckDB's own trim(x) and RE2's \s know fewer.
CREATE OR REPLACE MACRO blanks() AS
  '"\t\n\u000b\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"'::JSON ->> '$';

-- Whether a code point is certainly no blank. Nearly all texts begin with such a one; trim(x, set) costs 2 us.
CREATE OR REPLACE MACRO is_solid(point) AS
  point BETWEEN 33 AND 159 OR point BETWEEN 161 AND 5759 OR point > 65279;

-- Whether a text is nothing but blanks.
CREATE OR REPLACE MACRO is_blank(x) AS
  CASE WHEN is_solid(unicode(x)) THEN false ELSE trim(x, blanks()) = '' END;

-- A text without leading and trailing blanks: for comparing and parsing only, kept text stays as it is. It looks for the
-- commonest ends only, by one BETWEEN each: what a condition repeats is computed again.
CREATE OR REPLACE MACRO trimmed(x) AS
  CASE WHEN unicode(x) BETWEEN 33 AND 159 THEN CASE WHEN unicode(right(x, 1)) BETWEEN 33 AND 159 THEN x ELSE trim(x, blanks()) END ELSE trim(x, blanks()) END;

-- Whether a text equals another but for blanks around it.
CREATE OR REPLACE MACRO is_text(x, expected) AS
  CASE WHEN contains(x, expected) THEN trimmed(x) = expected ELSE false END;

-- Why a field has nothing to clean: missing (absent or JSON null), nul (Postgres refuses it), empty; else NULL.
CREATE OR REPLACE MACRO void_reason(x) AS
  CASE WHEN x IS NULL THEN 'missing' WHEN contains(x, chr(0)) THEN 'nul' WHEN is_blank(x) THEN 'empty' END;

-- The column `nulled` as JSON text, from parallel lists of fields, reasons (NULL: nothing to note) and raw values.
CREATE OR REPLACE MACRO notes_text(fields, reasons, raws) AS
  to_json(list_filter(list_zip(fields, reasons, raws)::STRUCT(field VARCHAR, reason VARCHAR, raw VARCHAR)[], lambda n: n.reason IS NOT NULL))::VARCHAR;

-- The characters of an integer: digits, with a minus and with a fraction of zeros (a JSON 7.0 arrives as '7.0').
CREATE OR REPLACE MACRO is_integer(t) AS
  regexp_full_match(t, '-?[0-9]+(\.0+)?');

-- An integer from a trimmed text, else NULL. A cast alone would take +5, 5., 1e3, 0x10, 1_000 and round 7.9.
CREATE OR REPLACE MACRO integer_of(t) AS
  CASE WHEN is_integer(t) THEN TRY_CAST(split_part(t, '.', 1) AS BIGINT) END;

-- Why a trimmed text that gave no integer did not.
CREATE OR REPLACE MACRO integer_reason(x, t, given) AS
  CASE WHEN given IS NOT NULL THEN NULL ELSE coalesce(void_reason(x), CASE WHEN is_integer(t) THEN 'out_of_range' ELSE 'unparseable' END) END;

-- The ISO form of a date and time: the only one that received-at has.
CREATE OR REPLACE MACRO is_iso(t) AS
  regexp_full_match(t, '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-5]):?[0-5][0-9])?');

-- One ISO form for the four spellings of dates that clients use, else NULL. Hours to 23, offsets to 15:59: the cast
-- would take 24:00:00 for the next day and +99:00 for four days.
CREATE OR REPLACE MACRO iso_of(t) AS
  CASE
    WHEN is_iso(t) THEN t
    WHEN regexp_full_match(t, '[0-9]{4}:[0-9]{2}:[0-9]{2} ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-5]):?[0-5][0-9])?') THEN t[1:4] || '-' || t[6:7] || '-' || t[9:]
    WHEN regexp_full_match(t, '[0-9]{2}/[0-9]{2}/[0-9]{4}, ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-5]):?[0-5][0-9])?') THEN t[7:10] || '-' || t[1:2] || '-' || t[4:5] || ' ' || t[13:]
  END;

-- An instant from an ISO form; without a zone it is UTC. Years 1 to 9999, as every reader can show these; year() is of no
-- use here, it calls the year 0 the year 1 before Christ.
CREATE OR REPLACE MACRO instant_of(iso) AS
  CASE WHEN TRY_CAST(iso AS TIMESTAMPTZ) BETWEEN TIMESTAMPTZ '0001-01-01 00:00:00+00' AND TIMESTAMPTZ '9999-12-31 23:59:59.999999+00' THEN TRY_CAST(iso AS TIMESTAMPTZ) END;

-- The row number under any of its names: the first that says something, else the first that is there.
CREATE OR REPLACE MACRO row_number_of(a, b, c) AS
  CASE WHEN (a IS NULL)::INTEGER + (b IS NULL)::INTEGER + (c IS NULL)::INTEGER >= 2 THEN coalesce(a, b, c)
    ELSE coalesce(CASE WHEN NOT is_blank(a) THEN a END, CASE WHEN NOT is_blank(b) THEN b END, CASE WHEN NOT is_blank(c) THEN c END, a, b, c) END;

-- What one of its names says where more than one is there, to compare: 7, "7" and 7.0 say the same, blank ones nothing.
CREATE OR REPLACE MACRO said_by(x, a, b, c) AS
  CASE WHEN (a IS NULL)::INTEGER + (b IS NULL)::INTEGER + (c IS NULL)::INTEGER >= 2 THEN NULL
    ELSE coalesce(integer_of(trimmed(x))::VARCHAR, nullif(trimmed(x), '')) END;

-- Whether the three sayings contradict each other.
CREATE OR REPLACE MACRO contradict(a, b, c) AS
  coalesce(a <> b, false) OR coalesce(a <> c, false) OR coalesce(b <> c, false);

-- `extra`: the members of a JSON object that nobody named, as JSON text, or NULL. `named_count` is how many named members
-- are there and not null; only where the object has more keys than that, the patch that removes `named` is worth its cost.
CREATE OR REPLACE MACRO extra_of(v, named_count, named) AS
  CASE WHEN len(json_keys(v)) > named_count THEN nullif(json_merge_patch(v, named)::VARCHAR, '{}') END;

-- Whether a JSON object has members beside the names of the row number and of the kind. Costly: for the few objects that look foreign.
CREATE OR REPLACE MACRO has_more_than_row_number(v) AS
  json_merge_patch(v, '{"index":null,"ind":null,"idx":null,"kind":null}')::VARCHAR <> '{}';
