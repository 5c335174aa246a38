-- Offers to organizations where one has no right, lists of receipts, and taking a transfer back (XFER-18).

CREATE TABLE offer (
    id UUID PRIMARY KEY NOT NULL,
    source_id UUID NOT NULL REFERENCES organization (id),
    target_id UUID NOT NULL REFERENCES organization (id),
    -- Who offers, and what the organizations were called then.
    person_id UUID NOT NULL REFERENCES person (id),
    person_name TEXT NOT NULL,
    source_name TEXT NOT NULL,
    target_name TEXT NOT NULL,
    note TEXT NOT NULL,
    -- How it was answered; that it has expired or is void follows from time and from what became of the items.
    state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'declined', 'withdrawn')),
    -- What was offered: by its digest, and as JSON for people to read.
    digest TEXT NOT NULL,
    content TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    answered_at BIGINT,
    answered_by UUID,
    answered_name TEXT,
    -- The receipt, once it was accepted.
    transfer_id UUID
);
CREATE INDEX offer_by_source ON offer (source_id, id);
CREATE INDEX offer_by_target ON offer (target_id, id);
CREATE INDEX offer_waiting ON offer (target_id, expires_at, id) WHERE state = 'open';
CREATE INDEX offer_given ON offer (source_id, expires_at, id) WHERE state = 'open';
CREATE INDEX offer_by_person ON offer (person_id, created_at);

CREATE TABLE offer_item (
    offer_id UUID NOT NULL REFERENCES offer (id) ON DELETE CASCADE,
    resource_id UUID NOT NULL,
    PRIMARY KEY (offer_id, resource_id)
);
CREATE INDEX offer_item_by_resource ON offer_item (resource_id, offer_id);

-- What a list shows of a receipt, as JSON; rows of before have it in their plan only.
ALTER TABLE transfer ADD COLUMN summary TEXT;
-- The transfer that this one took back, and the one that took this one back.
ALTER TABLE transfer ADD COLUMN undoes UUID;
ALTER TABLE transfer ADD COLUMN undone_by UUID;
CREATE INDEX transfer_sent ON transfer (source_id, id) WHERE scope = 'between';
CREATE INDEX transfer_received ON transfer (target_id, id) WHERE scope = 'between';

-- What taking a transfer between organizations back needs, for as long as that can be.
CREATE TABLE transfer_undo (
    transfer_id UUID PRIMARY KEY NOT NULL REFERENCES transfer (id) ON DELETE CASCADE,
    -- Where each item was and what it was called, as JSON.
    items TEXT NOT NULL,
    -- How many things crossed, and when each was changed last, added up.
    things BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX transfer_undo_by_age ON transfer_undo (created_at);

-- Grants that ended with it (XFER-13).
CREATE TABLE transfer_grant (
    transfer_id UUID NOT NULL REFERENCES transfer_undo (transfer_id) ON DELETE CASCADE,
    grant_id UUID NOT NULL,
    resource_id UUID NOT NULL,
    person_id UUID,
    organization_id UUID,
    level TEXT NOT NULL,
    carried BOOLEAN NOT NULL,
    created_by UUID,
    created_at BIGINT NOT NULL,
    -- The organization that owned what it was on: whoever leaves that loses it here as well.
    owner_id UUID,
    PRIMARY KEY (transfer_id, grant_id)
);
CREATE INDEX transfer_grant_by_person ON transfer_grant (person_id);

-- Share links that stopped with it.
CREATE TABLE transfer_link (
    transfer_id UUID NOT NULL REFERENCES transfer_undo (transfer_id) ON DELETE CASCADE,
    link_id UUID NOT NULL,
    PRIMARY KEY (transfer_id, link_id)
);
