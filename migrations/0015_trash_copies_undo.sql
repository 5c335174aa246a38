-- What the trash, copies and undo need besides (DRIVE-4).

-- While a copy is being made: the container this one is a copy of, as long as what is in that is still to be copied.
ALTER TABLE resource ADD COLUMN copied_from UUID;

-- By id as well: what is in a container is copied in that order, a batch at a time.
DROP INDEX resource_by_parent;
CREATE INDEX resource_by_parent ON resource (parent_id, id);
CREATE INDEX resource_trash_inside ON resource (parent_id) WHERE trashed_with IS NOT NULL;
CREATE INDEX resource_overdue ON resource (trashed_at, id) WHERE trashed_at IS NOT NULL;
CREATE INDEX resource_to_copy ON resource (trashed_with, id) WHERE copied_from IS NOT NULL;
CREATE INDEX resource_sites ON resource (account_id, name_key, id) WHERE kind = 'site' AND trashed_with IS NULL;
CREATE INDEX resource_timeline ON resource (parent_id, captured_on, id) WHERE captured_on IS NOT NULL AND trashed_with IS NULL;

-- Long work that goes on behind the scenes. What it makes or deletes is hidden below top_id: a row that is in the trash
-- with itself, without a moment.
CREATE TABLE job (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    person_id UUID NOT NULL REFERENCES person (id),
    person_name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('copy', 'delete')),
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    -- What it is about, as people call it.
    name TEXT NOT NULL,
    top_id UUID NOT NULL,
    -- Copies only.
    source_id UUID,
    destination_id UUID,
    -- How far it is: the container of the copy that is being filled, and the last item of the original that is in it.
    inside_id UUID,
    behind_id UUID,
    done BIGINT NOT NULL,
    total BIGINT NOT NULL,
    -- Why it failed, or what there is to say now that it is done.
    message TEXT,
    -- A worker's lease: until then nobody else goes on with it; 0 for nobody's.
    claimed_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX job_running ON job (claimed_until, id) WHERE state = 'running';
CREATE INDEX job_of_person ON job (person_id, organization_id, id);
CREATE INDEX job_ended ON job (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX job_of_top ON job (top_id);

-- What somebody did and can take back for a while: the inverse, as the server wrote it down.
CREATE TABLE undo (
    id UUID PRIMARY KEY NOT NULL,
    person_id UUID NOT NULL REFERENCES person (id),
    what TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX undo_by_age ON undo (created_at);
