-- Transfers: their receipts, what taking one back needs, and offers (XFER-18).

-- A row is the receipt of a finished transfer.
CREATE TABLE transfer (
    id UUID PRIMARY KEY NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('within', 'between')),
    source_organization_id UUID NOT NULL REFERENCES organization (id),
    target_organization_id UUID NOT NULL REFERENCES organization (id),
    -- The container that the items went into; it may be deleted since.
    destination_id UUID NOT NULL,
    person_id UUID NOT NULL REFERENCES person (id),
    -- Names as they were then.
    person_name TEXT NOT NULL,
    source_name TEXT NOT NULL,
    target_name TEXT NOT NULL,
    -- The digest that was confirmed, the plan that was carried out, and what a list shows of it; the last two as JSON.
    digest TEXT NOT NULL,
    plan TEXT NOT NULL,
    summary TEXT NOT NULL,
    -- The transfer that this one took back, and the one that took this one back.
    reversal_of_id UUID REFERENCES transfer (id),
    reversed_by_id UUID REFERENCES transfer (id),
    created_at BIGINT NOT NULL
);
CREATE INDEX transfer_source_organization_id_id_idx ON transfer (source_organization_id, id) WHERE scope = 'between';
CREATE INDEX transfer_target_organization_id_id_idx ON transfer (target_organization_id, id) WHERE scope = 'between';

-- A row is what taking a transfer between organizations back needs, for as long as that can be.
CREATE TABLE transfer_reversal (
    transfer_id UUID PRIMARY KEY NOT NULL REFERENCES transfer (id) ON DELETE CASCADE,
    -- Where each item was and what it was called, as JSON.
    items TEXT NOT NULL,
    -- How many resources crossed, and the sum of their touched_at: whether anything was changed since.
    resource_count BIGINT NOT NULL CHECK (resource_count >= 0),
    touched_at_sum BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX transfer_reversal_created_at_idx ON transfer_reversal (created_at);

-- A row is a grant that ended with the transfer (XFER-13): the columns of `access_grant` as they were.
CREATE TABLE transfer_reversal_grant (
    transfer_id UUID NOT NULL REFERENCES transfer_reversal (transfer_id) ON DELETE CASCADE,
    grant_id UUID NOT NULL,
    resource_id UUID NOT NULL,
    person_id UUID,
    organization_id UUID,
    level TEXT NOT NULL CHECK (level IN ('reader', 'uploader', 'editor', 'manager')),
    carried BOOLEAN NOT NULL,
    -- Whoever leaves this organization loses the grant here as well.
    owner_organization_id UUID NOT NULL,
    created_by UUID,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (transfer_id, grant_id),
    CHECK ((person_id IS NULL) <> (organization_id IS NULL))
);
CREATE INDEX transfer_reversal_grant_person_id_idx ON transfer_reversal_grant (person_id);

-- A row is a share link that stopped with the transfer.
CREATE TABLE transfer_reversal_link (
    transfer_id UUID NOT NULL REFERENCES transfer_reversal (transfer_id) ON DELETE CASCADE,
    link_id UUID NOT NULL,
    PRIMARY KEY (transfer_id, link_id)
);

-- A row is a dataset that was charged to another licence than the one whose ledger the transfer is in.
CREATE TABLE transfer_reversal_charge (
    transfer_id UUID NOT NULL REFERENCES transfer_reversal (transfer_id) ON DELETE CASCADE,
    resource_id UUID NOT NULL,
    -- NULL: nobody had paid for it.
    charged_to UUID,
    PRIMARY KEY (transfer_id, resource_id)
);

-- A row is an offer of resources to an organization in which the offering person has no right.
CREATE TABLE offer (
    id UUID PRIMARY KEY NOT NULL,
    source_organization_id UUID NOT NULL REFERENCES organization (id),
    target_organization_id UUID NOT NULL REFERENCES organization (id),
    -- Who offers, and what the organizations were called then.
    person_id UUID NOT NULL REFERENCES person (id),
    person_name TEXT NOT NULL,
    source_name TEXT NOT NULL,
    target_name TEXT NOT NULL,
    note TEXT NOT NULL,
    -- How it was answered. That it has expired or is void follows from the time and from what became of the items.
    state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'declined', 'withdrawn')),
    -- What was offered: by its digest, and as JSON for people to read.
    digest TEXT NOT NULL,
    content TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    answered_at BIGINT,
    answered_by UUID,
    answered_by_name TEXT,
    -- The receipt, once it was accepted.
    transfer_id UUID,
    CHECK ((state = 'open') = (answered_at IS NULL)),
    CHECK (transfer_id IS NULL OR state = 'accepted')
);
CREATE INDEX offer_source_organization_id_id_idx ON offer (source_organization_id, id);
CREATE INDEX offer_target_organization_id_id_idx ON offer (target_organization_id, id);
CREATE INDEX offer_source_organization_id_expires_at_id_idx ON offer (source_organization_id, expires_at, id) WHERE state = 'open';
CREATE INDEX offer_target_organization_id_expires_at_id_idx ON offer (target_organization_id, expires_at, id) WHERE state = 'open';
CREATE INDEX offer_person_id_created_at_idx ON offer (person_id, created_at);

-- A row is one item of an offer. No foreign key: an offer whose item is gone is void, and says so.
CREATE TABLE offer_item (
    offer_id UUID NOT NULL REFERENCES offer (id) ON DELETE CASCADE,
    resource_id UUID NOT NULL,
    PRIMARY KEY (offer_id, resource_id)
);
CREATE INDEX offer_item_resource_id_offer_id_idx ON offer_item (resource_id, offer_id);
