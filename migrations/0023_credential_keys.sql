-- Credential keys: how machines sign in (AUTH-6). Secrets and tokens are stored as digests. A key holds seats too (LIC-5).

CREATE TABLE credential_key (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    account_id UUID NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    -- Words with spaces between, as OAuth writes them.
    scopes TEXT NOT NULL,
    created_by UUID NOT NULL REFERENCES person (id),
    created_by_name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX credential_key_by_organization ON credential_key (organization_id, revoked_at, id);

CREATE TABLE access_token (
    token_hash TEXT PRIMARY KEY NOT NULL,
    key_id UUID NOT NULL REFERENCES credential_key (id),
    expires_at BIGINT NOT NULL
);
CREATE INDEX access_token_by_key ON access_token (key_id);
CREATE INDEX access_token_by_expiry ON access_token (expires_at);

-- A seat is held by somebody, or by a key: the table once more with both.
CREATE TABLE seat_held (
    licence_id UUID NOT NULL REFERENCES licence (id),
    -- The person or the key.
    holder_id UUID NOT NULL,
    person_id UUID REFERENCES person (id),
    key_id UUID REFERENCES credential_key (id),
    -- Whose: the organization that owns the licence, or borrows it.
    organization_id UUID NOT NULL REFERENCES organization (id),
    -- The loan under which it is held; NULL where the organization owns the licence. A seat ends with its loan.
    loan_id UUID REFERENCES licence_loan (id),
    given_at BIGINT,
    given_by_name TEXT,
    -- What took it, since when, and when it was last heard of.
    device TEXT,
    taken_at BIGINT,
    seen_at BIGINT,
    PRIMARY KEY (licence_id, holder_id),
    CHECK ((person_id IS NULL) <> (key_id IS NULL)),
    CHECK (holder_id = COALESCE(person_id, key_id)),
    CHECK ((device IS NULL) = (taken_at IS NULL) AND (device IS NULL) = (seen_at IS NULL)),
    CHECK (given_at IS NOT NULL OR seen_at IS NOT NULL),
    CHECK (key_id IS NULL OR given_at IS NULL)
);
INSERT INTO seat_held (licence_id, holder_id, person_id, key_id, organization_id, loan_id, given_at, given_by_name, device, taken_at, seen_at)
    SELECT licence_id, person_id, person_id, NULL, organization_id, loan_id, given_at, given_by_name, device, taken_at, seen_at FROM seat;
DROP TABLE seat;
ALTER TABLE seat_held RENAME TO seat;
CREATE INDEX seat_by_holder ON seat (holder_id, organization_id);
