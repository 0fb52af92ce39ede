-- A reader's next offset is its checkpoint; a position is that of an identity, its first record.
ALTER TABLE pinflow.position RENAME TO checkpoint;
ALTER TABLE pinflow.checkpoint RENAME CONSTRAINT position_pkey TO checkpoint_pkey;
ALTER TABLE pinflow.checkpoint RENAME CONSTRAINT position_reader_check TO checkpoint_reader_check;
