-- The identities of clean geo rows and where each record of theirs stands.
-- In:  cleaned (what kinds/geo/clean.sql gives). Out: identity, append_time, partition, "offset": what latest-per-identity.sql reads.
SELECT ind AS identity, append_time, partition, "offset"
FROM cleaned
WHERE reject IS NULL
