-- Organizations, their accounts, who belongs to them, who is invited.

CREATE TABLE organization (
    id UUID PRIMARY KEY NOT NULL,
    org_id TEXT NOT NULL,
    org_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('business', 'individual')),
    plan TEXT NOT NULL CHECK (plan IN ('essential', 'premier', 'enterprise')),
    -- The person whose personal space this is (SPACE-1); NULL for an organization.
    space_of UUID REFERENCES person (id),
    country TEXT NOT NULL,
    legal_name TEXT,
    address TEXT,
    postal_code TEXT,
    city TEXT,
    vat_number TEXT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX organization_by_space ON organization (space_of) WHERE space_of IS NOT NULL;

-- Org IDs that an organization had before (ORG-5).
CREATE TABLE org_alias (
    org_key TEXT PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE INDEX org_alias_by_organization ON org_alias (organization_id);

CREATE TABLE account (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    name TEXT NOT NULL,
    account_id TEXT NOT NULL,
    account_key TEXT NOT NULL,
    root_id UUID NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    UNIQUE (organization_id, account_key)
);

CREATE TABLE membership (
    organization_id UUID NOT NULL REFERENCES organization (id),
    person_id UUID NOT NULL REFERENCES person (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'manager', 'editor', 'reader', 'member')),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, person_id)
);
CREATE INDEX membership_by_person ON membership (person_id);
CREATE INDEX membership_by_role ON membership (organization_id, role);

CREATE TABLE invitation (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    name TEXT,
    role TEXT NOT NULL CHECK (role IN ('owner', 'manager', 'editor', 'reader', 'member')),
    token_hash TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('pending', 'accepted', 'declined', 'revoked')),
    invited_by UUID NOT NULL REFERENCES person (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX invitation_pending ON invitation (organization_id, email_key) WHERE state = 'pending';
CREATE INDEX invitation_by_email ON invitation (email_key, state);
