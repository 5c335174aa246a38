-- The Drive: a tree per account, and who was granted what on it.

CREATE TABLE resource (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    account_id UUID NOT NULL REFERENCES account (id),
    parent_id UUID REFERENCES resource (id),
    kind TEXT NOT NULL CHECK (kind IN ('root', 'folder', 'site', 'asset', 'dataset')),
    -- Where the kind sorts in a list: folders first.
    kind_rank BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    -- Datasets only; images and bytes are 0 for everything else, so that lists sort by them.
    status TEXT CHECK (status IN ('draft', 'queued', 'waiting_for_credits', 'processing', 'processed', 'failed')),
    images BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    cluster TEXT,
    captured_on BIGINT,
    -- The licence that processing was charged to: charged once (LIC-2).
    charged_to UUID,
    created_by UUID REFERENCES person (id),
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    CHECK ((kind = 'root') = (parent_id IS NULL)),
    CHECK ((kind = 'dataset') = (status IS NOT NULL))
);
CREATE UNIQUE INDEX resource_by_name ON resource (parent_id, name_key);
CREATE INDEX resource_list_by_name ON resource (parent_id, kind_rank, name_key, id);
CREATE INDEX resource_list_by_modified ON resource (parent_id, modified_at, id);
CREATE INDEX resource_list_by_size ON resource (parent_id, bytes, id);
CREATE INDEX resource_by_organization ON resource (organization_id, name_key, id);

CREATE TABLE access_grant (
    id UUID PRIMARY KEY NOT NULL,
    resource_id UUID NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
    -- Exactly one of the two (ACCESS-4).
    person_id UUID REFERENCES person (id),
    organization_id UUID REFERENCES organization (id),
    level TEXT NOT NULL CHECK (level IN ('reader', 'uploader', 'editor', 'manager')),
    -- Came along with a move (XFER-3), not made by hand.
    carried BOOLEAN NOT NULL,
    created_by UUID REFERENCES person (id),
    created_at BIGINT NOT NULL,
    CHECK ((person_id IS NULL) <> (organization_id IS NULL))
);
CREATE UNIQUE INDEX access_grant_of_person ON access_grant (resource_id, person_id, carried) WHERE person_id IS NOT NULL;
CREATE UNIQUE INDEX access_grant_of_organization ON access_grant (resource_id, organization_id, carried) WHERE organization_id IS NOT NULL;
-- The two above are partial, and no use to a query that asks for the grants of a resource.
CREATE INDEX access_grant_by_resource ON access_grant (resource_id, carried);
CREATE INDEX access_grant_by_person ON access_grant (person_id);
CREATE INDEX access_grant_by_organization ON access_grant (organization_id);

-- Links that show one resource to anyone who has them (LINK-1). A link that a transfer stopped says so.
CREATE TABLE share_link (
    id UUID PRIMARY KEY NOT NULL,
    resource_id UUID NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('active', 'revoked', 'moved')),
    password_hash TEXT,
    created_by UUID NOT NULL REFERENCES person (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);
CREATE INDEX share_link_by_resource ON share_link (resource_id, state);
