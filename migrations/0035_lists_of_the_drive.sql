-- Lists of the Drive by every column (DRIVE-2). What a list sorts by stands in the row, so that an index has it.

-- Where a dataset's status sorts: as far as it has come; 0 for everything else. The order is that of `Status::rank`.
ALTER TABLE resource ADD COLUMN status_rank BIGINT;
UPDATE resource SET status_rank = CASE status
    WHEN 'draft' THEN 1 WHEN 'queued' THEN 2 WHEN 'waiting_for_credits' THEN 3
    WHEN 'processing' THEN 4 WHEN 'processed' THEN 5 WHEN 'failed' THEN 6 ELSE 0 END;
-- The key of the name of who made it; empty where nobody is known.
ALTER TABLE resource ADD COLUMN owner_key TEXT;
UPDATE resource SET owner_key = COALESCE((SELECT p.name_key FROM person p WHERE p.id = resource.created_by), '');


-- When it was last changed in any way, its place among them: where something is does not change when it was modified, but
-- whoever plans a move, or takes one back, has to notice.
ALTER TABLE resource ADD COLUMN touched_at BIGINT;
UPDATE resource SET touched_at = modified_at;

CREATE INDEX resource_list_by_images ON resource (parent_id, images, id) WHERE trashed_with IS NULL;
CREATE INDEX resource_list_by_status_rank ON resource (parent_id, status_rank, name_key, id) WHERE trashed_with IS NULL;
CREATE INDEX resource_list_by_owner ON resource (parent_id, owner_key, name_key, id) WHERE trashed_with IS NULL;
