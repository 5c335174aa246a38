-- Finished transfers and their receipts (XFER-18); what happened, for the audit log (AUDIT-1).

CREATE TABLE transfer (
    id UUID PRIMARY KEY NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('within', 'between')),
    source_id UUID NOT NULL REFERENCES organization (id),
    target_id UUID NOT NULL REFERENCES organization (id),
    destination_id UUID NOT NULL,
    person_id UUID NOT NULL REFERENCES person (id),
    person_name TEXT NOT NULL,
    source_name TEXT NOT NULL,
    target_name TEXT NOT NULL,
    digest TEXT NOT NULL,
    -- The plan that was carried out, as JSON.
    plan TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX transfer_by_source ON transfer (source_id, id);
CREATE INDEX transfer_by_target ON transfer (target_id, id);

CREATE TABLE audit (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID REFERENCES organization (id),
    actor_id UUID,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    summary TEXT NOT NULL,
    transfer_id UUID,
    -- State before and after, as JSON.
    before_state TEXT,
    after_state TEXT,
    address TEXT,
    at BIGINT NOT NULL
);
CREATE INDEX audit_by_organization ON audit (organization_id, id);
