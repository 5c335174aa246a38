-- Licences and their append-only books (LIC-3).

CREATE TABLE licence (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    account_id UUID NOT NULL REFERENCES account (id),
    product TEXT NOT NULL CHECK (product IN ('discovery', 'desktop', 'cloud', 'cloud_pro', 'cloud_teams', 'cloud_enterprise')),
    model TEXT CHECK (model IN ('images_projects', 'credits')),
    seats BIGINT,
    active_from BIGINT NOT NULL,
    active_until BIGINT,
    -- The sums of the ledger's grants, and of the whole ledger, written in the same transaction as each entry; `doctor`
    -- adds the entries up and compares. They never fall below zero, whatever happens at the same moment.
    images_granted BIGINT NOT NULL,
    projects_granted BIGINT NOT NULL,
    credits_granted BIGINT NOT NULL,
    images_left BIGINT NOT NULL CHECK (images_left >= 0),
    projects_left BIGINT NOT NULL CHECK (projects_left >= 0),
    credits_left BIGINT NOT NULL CHECK (credits_left >= 0),
    created_at BIGINT NOT NULL
);
CREATE INDEX licence_by_account ON licence (account_id, id);
CREATE INDEX licence_by_organization ON licence (organization_id, id);

CREATE TABLE ledger_entry (
    id UUID PRIMARY KEY NOT NULL,
    licence_id UUID NOT NULL REFERENCES licence (id),
    kind TEXT NOT NULL CHECK (kind IN ('grant', 'spend', 'refund', 'transfer_out', 'transfer_in')),
    images BIGINT NOT NULL,
    projects BIGINT NOT NULL,
    credits BIGINT NOT NULL,
    transfer_id UUID,
    resource_id UUID,
    at BIGINT NOT NULL
);
CREATE INDEX ledger_entry_by_licence ON ledger_entry (licence_id, id);
