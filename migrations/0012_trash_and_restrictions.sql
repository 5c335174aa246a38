-- Trash (DRIVE-4) and restrictions (POL-1).

-- The item it went to the trash with: itself, or what it was in. While it is set, the row exists for the trash only;
-- whatever lists, opens, counts or walks reads rows without it. A row without it is never in one with it.
ALTER TABLE resource ADD COLUMN trashed_with UUID;
-- Set on what somebody put into the trash, not on what went along.
ALTER TABLE resource ADD COLUMN trashed_at BIGINT;
ALTER TABLE resource ADD COLUMN trashed_by UUID;

-- What is forbidden on it and below it: to copy, to delete for whoever is not a Manager of it, to download.
ALTER TABLE resource ADD COLUMN restrict_copy BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE resource ADD COLUMN restrict_delete BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE resource ADD COLUMN restrict_download BOOLEAN NOT NULL DEFAULT FALSE;

-- Names are taken by what is there, not by what is in the trash; and lists do not walk over what is.
DROP INDEX resource_by_name;
DROP INDEX resource_list_by_name;
DROP INDEX resource_list_by_modified;
DROP INDEX resource_list_by_size;
CREATE UNIQUE INDEX resource_by_name ON resource (parent_id, name_key) WHERE trashed_with IS NULL;
CREATE INDEX resource_list_by_name ON resource (parent_id, kind_rank, name_key, id) WHERE trashed_with IS NULL;
CREATE INDEX resource_list_by_modified ON resource (parent_id, modified_at, id) WHERE trashed_with IS NULL;
CREATE INDEX resource_list_by_size ON resource (parent_id, bytes, id) WHERE trashed_with IS NULL;
CREATE INDEX resource_by_parent ON resource (parent_id);
CREATE INDEX resource_trash ON resource (organization_id, trashed_at, id) WHERE trashed_at IS NOT NULL;
CREATE INDEX resource_trashed_with ON resource (trashed_with) WHERE trashed_with IS NOT NULL;
