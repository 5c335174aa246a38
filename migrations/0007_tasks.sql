-- Work that goes on by itself, and what somebody can undo.

-- A row is a copy, a deletion or a transfer that goes on behind the scenes (DRIVE-4, XFER-16).
CREATE TABLE task (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    -- Who started it.
    person_id UUID NOT NULL REFERENCES person (id),
    person_name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('copy', 'delete', 'transfer')),
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
    -- What it is about, as people call it.
    name TEXT NOT NULL,
    -- The top of what it makes or deletes, hidden while it runs: in the trash with itself, without a trashed_at. A transfer hides
    -- nothing.
    hidden_root_id UUID,
    -- The resource that is copied; copies only.
    source_id UUID,
    -- The container that the copy, or what is transferred, goes into.
    destination_id UUID,
    -- How far a copy is: the container that is being filled, and the last item of the original that is in it.
    cursor_container_id UUID,
    cursor_item_id UUID,
    -- How many items are done, of how many.
    done BIGINT NOT NULL CHECK (done >= 0),
    total BIGINT NOT NULL CHECK (total >= 0),
    -- Why it failed, or what there is to say now that it is done.
    message TEXT,
    -- Whether who started it may cancel it: not what tidies up after other tasks, nor what the trash starts after 30 days.
    cancellable BOOLEAN NOT NULL DEFAULT FALSE,
    -- The Sharing ID that a copy is for, as it was entered, where it is for another account (ACCT-3).
    target_sharing_id TEXT,
    -- A worker's lease: until then no other worker goes on with it; 0 for nobody's.
    claimed_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    CHECK ((kind = 'transfer') = (hidden_root_id IS NULL)),
    CHECK ((state = 'running') = (ended_at IS NULL)),
    CHECK (cursor_item_id IS NULL OR cursor_container_id IS NOT NULL)
);
CREATE INDEX task_claimed_until_id_idx ON task (claimed_until, id) WHERE state = 'running';
CREATE INDEX task_person_id_organization_id_id_idx ON task (person_id, organization_id, id);
CREATE INDEX task_ended_at_idx ON task (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX task_hidden_root_id_idx ON task (hidden_root_id);

-- A row is what a task of kind 'transfer' is to move.
CREATE TABLE task_transfer (
    task_id UUID PRIMARY KEY NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    -- Ids with commas between them: read by the worker, never searched.
    items TEXT NOT NULL,
    -- The plan that was confirmed (XFER-15).
    digest TEXT,
    -- Where the request came from, for the audit log.
    ip_address TEXT,
    -- The receipt, once it is done.
    transfer_id UUID,
    -- A move within an organization is undone like any other (DRIVE-4), while its undo is there.
    undo_id UUID
);

-- A row is what somebody did and can undo for a while.
CREATE TABLE undo (
    id UUID PRIMARY KEY NOT NULL,
    person_id UUID NOT NULL REFERENCES person (id),
    -- What undoing does, as JSON.
    inverse TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX undo_created_at_idx ON undo (created_at);
