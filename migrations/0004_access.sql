-- Who reaches what besides by role: grants, share links, what waits with an invitation, credential keys, "View as".

-- A row gives a person or an organization a level on a resource and everything below it.
CREATE TABLE access_grant (
    id UUID PRIMARY KEY NOT NULL,
    resource_id UUID NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
    -- Who gets it: exactly one of the two (ACCESS-4).
    person_id UUID REFERENCES person (id),
    organization_id UUID REFERENCES organization (id),
    level TEXT NOT NULL CHECK (level IN ('reader', 'uploader', 'editor', 'manager')),
    -- It came along with a move (XFER-3), and was not made by hand.
    carried BOOLEAN NOT NULL,
    -- The organization that owns the resource, copied, so that people from outside are found without a walk through its Drive
    -- (PEOPLE-9).
    owner_organization_id UUID NOT NULL,
    created_by UUID REFERENCES person (id),
    created_at BIGINT NOT NULL,
    CHECK ((person_id IS NULL) <> (organization_id IS NULL))
);
CREATE UNIQUE INDEX access_grant_resource_id_person_id_carried_key ON access_grant (resource_id, person_id, carried) WHERE person_id IS NOT NULL;
CREATE UNIQUE INDEX access_grant_resource_id_organization_id_carried_key ON access_grant (resource_id, organization_id, carried) WHERE organization_id IS NOT NULL;
-- The two above are partial, and no use to a query that asks for all grants of a resource.
CREATE INDEX access_grant_resource_id_carried_idx ON access_grant (resource_id, carried);
CREATE INDEX access_grant_person_id_id_idx ON access_grant (person_id, id);
CREATE INDEX access_grant_organization_id_id_idx ON access_grant (organization_id, id);
CREATE INDEX access_grant_owner_organization_id_person_id_idx ON access_grant (owner_organization_id, person_id);

-- A row is a link that shows one resource to anyone who has it (LINK-1).
CREATE TABLE share_link (
    id UUID PRIMARY KEY NOT NULL,
    resource_id UUID NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    -- 'moved': a transfer stopped it.
    state TEXT NOT NULL CHECK (state IN ('active', 'revoked', 'moved')),
    password_hash TEXT,
    created_by UUID NOT NULL REFERENCES person (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    -- To the hour, so that who may revoke it sees whether it is used.
    last_opened_at BIGINT
);
CREATE INDEX share_link_resource_id_state_idx ON share_link (resource_id, state);
CREATE INDEX share_link_resource_id_created_at_id_idx ON share_link (resource_id, created_at, id);

-- A row is access that waits for somebody to accept an invitation, besides what the invitation began with (ACCESS-2).
CREATE TABLE invitation_grant (
    invitation_id UUID NOT NULL REFERENCES invitation (id) ON DELETE CASCADE,
    resource_id UUID NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
    level TEXT NOT NULL CHECK (level IN ('reader', 'uploader', 'editor', 'manager')),
    granted_by UUID NOT NULL REFERENCES person (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (invitation_id, resource_id)
);
CREATE INDEX invitation_grant_resource_id_invitation_id_idx ON invitation_grant (resource_id, invitation_id);

-- A row is a credential key, with which a program signs in to one account (AUTH-6). `person` has its identity.
CREATE TABLE credential_key (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    account_id UUID NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    -- Words with blanks between them, as OAuth writes them.
    scopes TEXT NOT NULL,
    created_by UUID NOT NULL REFERENCES person (id),
    created_by_name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX credential_key_organization_id_revoked_at_id_idx ON credential_key (organization_id, revoked_at, id);
CREATE INDEX credential_key_organization_id_id_idx ON credential_key (organization_id, id);

-- A row is a token that a credential key was exchanged for.
CREATE TABLE access_token (
    token_hash TEXT PRIMARY KEY NOT NULL,
    key_id UUID NOT NULL REFERENCES credential_key (id),
    expires_at BIGINT NOT NULL
);
CREATE INDEX access_token_key_id_idx ON access_token (key_id);
CREATE INDEX access_token_expires_at_idx ON access_token (expires_at);

-- A row says when somebody last began to look at an organization's Drive as another person sees it ("View as"): the audit log
-- notes when that begins, not every page.
CREATE TABLE view_as_session (
    organization_id UUID NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    viewer_id UUID NOT NULL REFERENCES person (id),
    viewed_person_id UUID NOT NULL REFERENCES person (id),
    started_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, viewer_id, viewed_person_id)
);

-- The credential keys that work, each with its account. `person_id` is the id of the key.
CREATE VIEW active_machine AS
    SELECT k.id AS person_id, k.organization_id, k.account_id FROM credential_key k
    JOIN account a ON a.id = k.account_id JOIN organization o ON o.id = k.organization_id
    WHERE k.revoked_at IS NULL AND a.deleted_at IS NULL AND o.deleted_at IS NULL;

-- The role in each account, of people (`account_membership`) and of machines. A machine is a Manager of its one account; its
-- scopes say how much of that it may use. It is in no `active_membership`: what is shared with an organization is shared with
-- its people.
CREATE VIEW account_role AS
    SELECT organization_id, account_id, person_id, role FROM account_membership
    UNION ALL
    SELECT organization_id, account_id, person_id, 'manager' AS role FROM active_machine;
