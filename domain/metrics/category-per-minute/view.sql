-- Posts of a window and category; what a correction emptied is not there.
-- In:  merged. Out: window_start, category (NULL: none), pins, revision, updated_at.
SELECT window_start, category, pins, revision, updated_at
FROM merged
WHERE pins <> 0
