-- Search through a whole organization (DRIVE-2): the words of every name, so that each is found by how it begins.

CREATE TABLE resource_word (
    resource_id UUID NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
    -- The organization that owns the resource; a transfer changes both.
    organization_id UUID NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (resource_id, word)
);
CREATE INDEX resource_word_by_word ON resource_word (organization_id, word, resource_id);

-- A list that shows only datasets in one state.
CREATE INDEX resource_list_by_status ON resource (parent_id, status, kind_rank, name_key, id) WHERE trashed_with IS NULL;
