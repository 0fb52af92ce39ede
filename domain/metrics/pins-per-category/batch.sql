-- Posts per category. A post is one pin identity.
-- In:  pins (one row an identity). Out: category (NULL: none), pins.
SELECT category, count(*) AS pins
FROM pins
GROUP BY category
ORDER BY pins DESC, category ASC NULLS LAST
