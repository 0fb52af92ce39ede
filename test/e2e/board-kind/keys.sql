-- The identities of clean board rows and where each record of theirs stands.
-- In:  cleaned (what kinds/board/clean.sql gives). Out: identity, append_time, partition, "offset": what latest-per-identity.sql reads.
SELECT board_id AS identity, append_time, partition, "offset"
FROM cleaned
WHERE reject IS NULL
