-- The most popular category or categories of each year: RANK, all tied rows kept. Needs TimeZone = 'UTC'.
-- In:  pins, geo (one row an identity), joined on ind. Posts without geo or timestamp have no year; those without a category
--      compete for none. Out: post_year, category, category_count.
WITH counts AS (
  SELECT year(geo."timestamp")::INTEGER AS post_year, pins.category, count(*) AS category_count
  FROM pins
  JOIN geo ON geo.ind = pins.ind
  WHERE geo."timestamp" IS NOT NULL AND pins.category IS NOT NULL
  GROUP BY ALL
), ranked AS (
  SELECT *, rank() OVER (PARTITION BY post_year ORDER BY category_count DESC) AS place
  FROM counts
)
SELECT post_year, category, category_count
FROM ranked
WHERE place = 1
ORDER BY post_year, category
