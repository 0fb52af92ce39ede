-- The identities of clean pin rows and where each record of theirs stands.
-- In:  cleaned (what kinds/pin/clean.sql gives). Out: identity, append_time, partition, "offset": what latest-per-identity.sql reads.
SELECT unique_id AS identity, append_time, partition, "offset"
FROM cleaned
WHERE reject IS NULL
