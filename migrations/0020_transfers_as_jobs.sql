-- Transfers that go on behind the scenes (XFER-16), and work that can be cancelled.

-- What a job does and how it ends can be more than before; neither database changes a CHECK of a table that is there.
ALTER TABLE job RENAME TO job_before;
DROP INDEX job_running;
DROP INDEX job_of_person;
DROP INDEX job_ended;
DROP INDEX job_of_top;
CREATE TABLE job (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    person_id UUID NOT NULL REFERENCES person (id),
    person_name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('copy', 'delete', 'transfer')),
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
    -- What it is about, as people call it.
    name TEXT NOT NULL,
    -- What is hidden while it runs; a transfer hides nothing.
    top_id UUID,
    -- Copies only.
    source_id UUID,
    -- Copies and transfers.
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
    ended_at BIGINT,
    -- Whether who began it may cancel it: not what tidies up behind other work, nor what the days in the trash began.
    stoppable BOOLEAN NOT NULL DEFAULT FALSE,
    -- The Sharing ID that a copy is for, where it is for another account.
    shared_with TEXT,
    CHECK ((kind = 'transfer') = (top_id IS NULL))
);
INSERT INTO job (id, organization_id, person_id, person_name, kind, state, name, top_id, source_id, destination_id, inside_id, behind_id,
        done, total, message, claimed_until, created_at, ended_at, shared_with, stoppable)
    SELECT id, organization_id, person_id, person_name, kind, state, name, top_id, source_id, destination_id, inside_id, behind_id,
        done, total, message, claimed_until, created_at, ended_at, shared_with, kind = 'copy' FROM job_before;
DROP TABLE job_before;
CREATE INDEX job_running ON job (claimed_until, id) WHERE state = 'running';
CREATE INDEX job_of_person ON job (person_id, organization_id, id);
CREATE INDEX job_ended ON job (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX job_of_top ON job (top_id);

-- What a job of that kind is to move.
CREATE TABLE job_transfer (
    job_id UUID PRIMARY KEY NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    -- Ids with commas between them: read by who carries it out, never searched.
    items TEXT NOT NULL,
    -- The plan that was confirmed (XFER-15).
    digest TEXT,
    -- Where who asked came from, for the audit log.
    address TEXT,
    -- The receipt, once it is done.
    transfer_id UUID
);
