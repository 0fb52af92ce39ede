-- Tables of metrics are made by the set-up from domain/metrics/ (setup/metric-tables.ts), after the migrations; this is its
-- book. A metric has at most one row that is neither retired nor dropped, but for a mart whose new table is not filled yet.
CREATE TABLE pinflow.metric_table (
  name text NOT NULL,
  form text NOT NULL CHECK (form IN ('stream', 'mart')),
  version int NOT NULL,
  -- Of the stream: whose identities it follows.
  kind text CHECK ((kind IS NOT NULL) = (form = 'stream')),
  -- With its schema.
  table_name text NOT NULL,
  -- SHA-256 of what the rows depend on; of the stream also of the view over them.
  shape_sha256 text NOT NULL,
  view_sha256 text CHECK ((view_sha256 IS NOT NULL) = (form = 'stream')),
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Since when nobody keeps it up, because the metric is no longer in the list.
  retired_at timestamptz,
  dropped_at timestamptz,
  PRIMARY KEY (name, form, version)
);
CREATE UNIQUE INDEX metric_table_standing ON pinflow.metric_table (table_name) WHERE dropped_at IS NULL;

-- Marts stay as they stand.
INSERT INTO pinflow.metric_table (name, form, version, table_name, shape_sha256)
SELECT c.relname, 'mart', 1, 'marts.' || c.relname,
  encode(sha256(convert_to(string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum), 'UTF8')), 'hex')
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'marts'::regnamespace AND c.relname IN ('pins_per_category', 'popular_category_per_year')
GROUP BY c.relname;

-- Real-time metrics are computed anew from the identities. A worker of before, which knows these tables, holds its
-- checkpoint from here on.
DROP VIEW metrics.category_per_minute;
DROP VIEW metrics.profile_popularity;
DROP TABLE metrics.window_count;
DROP TABLE metrics.profile;
