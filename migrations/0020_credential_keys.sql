-- Credential keys: how machines sign in (AUTH-6). Secrets and tokens are stored as digests.

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
