-- A move that went on behind the scenes is taken back like any other (DRIVE-4), while its undo is there.

ALTER TABLE job_transfer ADD COLUMN undo_id UUID;
