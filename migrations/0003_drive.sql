-- The Drive: a tree of resources per account, and the words its names are searched by.

-- A row is a node of the tree. What a list sorts by is in the row, so that an index has it.
CREATE TABLE resource (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    account_id UUID NOT NULL REFERENCES account (id),
    parent_id UUID REFERENCES resource (id),
    kind TEXT NOT NULL CHECK (kind IN ('root', 'folder', 'site', 'asset', 'dataset')),
    -- Where the kind sorts: folders first.
    kind_rank BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    -- Two things in a container with the same of these have the same name (DRIVE-5).
    name_unique TEXT NOT NULL,
    -- Datasets only.
    status TEXT CHECK (status IN ('draft', 'queued', 'waiting_for_credits', 'processing', 'processed', 'failed')),
    -- Where the status sorts (`Status::rank`); 0 for everything that is no dataset.
    status_rank BIGINT NOT NULL,
    -- 0 for everything that is no dataset.
    images BIGINT NOT NULL CHECK (images >= 0),
    bytes BIGINT NOT NULL CHECK (bytes >= 0),
    cluster TEXT,
    captured_on BIGINT,
    -- Since when a dataset waits for credits: what waits longest starts first.
    waiting_since BIGINT,
    -- The licence that processing was charged to, once (LIC-2). No foreign key: a transfer changes it for 100,000 rows.
    charged_to UUID,
    -- What is forbidden on it and below it (POL-1).
    restrict_copy BOOLEAN NOT NULL DEFAULT FALSE,
    restrict_delete BOOLEAN NOT NULL DEFAULT FALSE,
    restrict_download BOOLEAN NOT NULL DEFAULT FALSE,
    created_by UUID REFERENCES person (id),
    -- The name_key of who made it; empty where nobody is known.
    owner_name_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- What people see as the last change.
    modified_at BIGINT NOT NULL,
    -- The last change of any kind. A move leaves modified_at alone, but whoever plans a transfer or takes one back must notice.
    touched_at BIGINT NOT NULL,
    -- The item that it went to the trash with: itself, or what it was in. While it is set, the row exists for the trash only,
    -- and nothing else lists, opens, counts or walks it. A row without it is never inside a row with it.
    trashed_with UUID,
    -- Set on what somebody put into the trash, not on what went along with it.
    trashed_at BIGINT,
    trashed_by UUID,
    -- While a copy is being made: the container that this one is a copy of, until its content is copied.
    copied_from UUID,
    CHECK ((kind = 'root') = (parent_id IS NULL)),
    CHECK ((kind = 'dataset') = (status IS NOT NULL)),
    CHECK (trashed_at IS NULL OR (trashed_with IS NOT NULL AND trashed_with = id))
);
CREATE UNIQUE INDEX resource_parent_id_name_unique_key ON resource (parent_id, name_unique) WHERE trashed_with IS NULL;
-- Lists of a container, one for each column (DRIVE-2).
CREATE INDEX resource_parent_id_kind_rank_name_key_id_idx ON resource (parent_id, kind_rank, name_key, id) WHERE trashed_with IS NULL;
CREATE INDEX resource_parent_id_modified_at_id_idx ON resource (parent_id, modified_at, id) WHERE trashed_with IS NULL;
CREATE INDEX resource_parent_id_bytes_id_idx ON resource (parent_id, bytes, id) WHERE trashed_with IS NULL;
CREATE INDEX resource_parent_id_images_id_idx ON resource (parent_id, images, id) WHERE trashed_with IS NULL;
CREATE INDEX resource_parent_id_status_rank_name_key_id_idx ON resource (parent_id, status_rank, name_key, id) WHERE trashed_with IS NULL;
CREATE INDEX resource_parent_id_owner_name_key_name_key_id_idx ON resource (parent_id, owner_name_key, name_key, id) WHERE trashed_with IS NULL;
CREATE INDEX resource_parent_id_status_kind_rank_name_key_id_idx ON resource (parent_id, status, kind_rank, name_key, id) WHERE trashed_with IS NULL;
-- A site's datasets by the day they were captured on.
CREATE INDEX resource_parent_id_captured_on_id_idx ON resource (parent_id, captured_on, id) WHERE captured_on IS NOT NULL AND trashed_with IS NULL;
-- Everything in a container, in the trash or not: what is copied goes in this order.
CREATE INDEX resource_parent_id_id_idx ON resource (parent_id, id);
CREATE INDEX resource_parent_id_idx ON resource (parent_id) WHERE trashed_with IS NOT NULL;
-- Whether an organization has anything. A transfer changes every entry, so the entries are short and lie beside each other.
CREATE INDEX resource_organization_id_id_idx ON resource (organization_id, id);
CREATE INDEX resource_account_id_name_key_id_idx ON resource (account_id, name_key, id) WHERE kind = 'site' AND trashed_with IS NULL;
CREATE INDEX resource_account_id_name_unique_id_idx ON resource (account_id, name_unique, id) WHERE kind = 'site' AND trashed_with IS NULL;
CREATE INDEX resource_account_id_waiting_since_id_idx ON resource (account_id, waiting_since, id) WHERE waiting_since IS NOT NULL;
-- Export of one's own data (SET-2).
CREATE INDEX resource_created_by_id_idx ON resource (created_by, id);
-- The trash: of an organization, what is due to be deleted, and what belongs to one item of it.
CREATE INDEX resource_organization_id_trashed_at_id_idx ON resource (organization_id, trashed_at, id) WHERE trashed_at IS NOT NULL;
CREATE INDEX resource_trashed_at_id_idx ON resource (trashed_at, id) WHERE trashed_at IS NOT NULL;
CREATE INDEX resource_trashed_with_idx ON resource (trashed_with) WHERE trashed_with IS NOT NULL;
CREATE INDEX resource_trashed_with_id_idx ON resource (trashed_with, id) WHERE copied_from IS NOT NULL;

-- A row is one word of a resource's name, so that names are found by how each of their words begins (DRIVE-2).
CREATE TABLE resource_word (
    resource_id UUID NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
    -- The organization that owns the resource; a transfer changes both.
    organization_id UUID NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (resource_id, word)
);
CREATE INDEX resource_word_organization_id_word_resource_id_idx ON resource_word (organization_id, word, resource_id);
