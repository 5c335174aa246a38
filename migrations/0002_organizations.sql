-- Organizations, their accounts, their people, and who is invited.

-- A row is an organization, or the personal space of one person.
CREATE TABLE organization (
    id UUID PRIMARY KEY NOT NULL,
    -- The readable name in addresses; it may change, the id does not (ORG-5).
    org_id TEXT NOT NULL,
    org_id_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    name_search TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('business', 'individual')),
    plan TEXT NOT NULL CHECK (plan IN ('essential', 'premier', 'enterprise')),
    -- The person whose personal space this is (SPACE-1); NULL for an organization.
    space_of UUID REFERENCES person (id),
    -- Legal details (ORG-4).
    country TEXT NOT NULL,
    legal_name TEXT,
    address TEXT,
    postal_code TEXT,
    city TEXT,
    vat_number TEXT,
    vat_exempt BOOLEAN NOT NULL DEFAULT FALSE,
    legal_contact TEXT,
    protection_officer_name TEXT,
    protection_officer_position TEXT,
    protection_officer_phone TEXT,
    website TEXT,
    industry TEXT,
    language TEXT,
    -- Where what is created next is processed and stored.
    cluster TEXT,
    -- Who sees the people list (PEOPLE-11): everybody with a role in the organization, or Owners and Managers.
    people_visible_to TEXT NOT NULL CHECK (people_visible_to IN ('everyone', 'managers')),
    created_at BIGINT NOT NULL,
    -- While it is set, the organization exists only for its Owners, who may restore it (ORG-4).
    deleted_at BIGINT,
    deleted_by UUID
);
CREATE UNIQUE INDEX organization_space_of_key ON organization (space_of) WHERE space_of IS NOT NULL;
CREATE INDEX organization_deleted_at_idx ON organization (deleted_at) WHERE deleted_at IS NOT NULL;

-- A row is an Org ID that an organization had before. It goes on leading to the organization (ORG-5).
CREATE TABLE org_alias (
    org_id_key TEXT PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE INDEX org_alias_organization_id_idx ON org_alias (organization_id);

-- A row is a compartment of an organization, with a Drive and licences of its own (ACCT-1).
CREATE TABLE account (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    name TEXT NOT NULL,
    -- The readable Account ID, unique within the organization.
    handle TEXT NOT NULL,
    handle_key TEXT NOT NULL,
    -- The root of its Drive. No foreign key: each refers to the other.
    root_id UUID NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    -- The row of a deleted account stays for the ledgers of its ended licences.
    deleted_at BIGINT,
    UNIQUE (organization_id, handle_key)
);

-- A row says which role somebody has in an organization. What lists of people and of organizations sort by and search in is
-- copied from `person` and `organization`, so that a page of 10,000 is read from one index.
CREATE TABLE membership (
    organization_id UUID NOT NULL REFERENCES organization (id),
    person_id UUID NOT NULL REFERENCES person (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'manager', 'editor', 'reader', 'member')),
    -- Where the role sorts: 0 for Owner to 4 for Member.
    role_rank BIGINT NOT NULL CHECK (role_rank BETWEEN 0 AND 4),
    -- Whether the role counts only in the accounts of `membership_account` (ACCT-2).
    limited BOOLEAN NOT NULL DEFAULT FALSE,
    name_key TEXT NOT NULL,
    name_search TEXT NOT NULL,
    email_key TEXT NOT NULL,
    organization_name_key TEXT NOT NULL,
    organization_name_search TEXT NOT NULL,
    -- When the person was last seen anywhere; 0 for never.
    last_seen_at BIGINT NOT NULL,
    -- When the person last looked at this organization, kept to a few minutes.
    last_used_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, person_id)
);
CREATE INDEX membership_person_id_role_organization_id_idx ON membership (person_id, role, organization_id);
CREATE INDEX membership_organization_id_role_idx ON membership (organization_id, role);
CREATE INDEX membership_organization_id_person_id_idx ON membership (organization_id, person_id) WHERE limited;
-- Lists of an organization's people.
CREATE INDEX membership_organization_id_name_key_person_id_idx ON membership (organization_id, name_key, person_id);
CREATE INDEX membership_organization_id_email_key_person_id_idx ON membership (organization_id, email_key, person_id);
CREATE INDEX membership_organization_id_role_rank_name_key_person_id_idx ON membership (organization_id, role_rank, name_key, person_id);
CREATE INDEX membership_organization_id_last_seen_at_name_key_person_id_idx ON membership (organization_id, last_seen_at, name_key, person_id);
-- Lists of a person's organizations.
CREATE INDEX membership_person_id_organization_name_key_organization_id_idx ON membership (person_id, organization_name_key, organization_id);
CREATE INDEX membership_person_id_last_used_at_organization_id_idx ON membership (person_id, last_used_at, organization_id);

-- A row is an account in which the role of a limited person counts.
CREATE TABLE membership_account (
    organization_id UUID NOT NULL,
    person_id UUID NOT NULL,
    account_id UUID NOT NULL REFERENCES account (id),
    PRIMARY KEY (organization_id, person_id, account_id),
    FOREIGN KEY (organization_id, person_id) REFERENCES membership (organization_id, person_id) ON DELETE CASCADE
);
CREATE INDEX membership_account_account_id_person_id_idx ON membership_account (account_id, person_id);

-- A row is an invitation by mail, to join an organization or to reach something of it from outside.
CREATE TABLE invitation (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    name TEXT,
    -- Of the name, or of the email where no name was given.
    name_key TEXT NOT NULL,
    name_search TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'manager', 'editor', 'reader', 'member')),
    -- No membership comes with it: whoever accepts reaches what was shared with them, and the role says nothing (ACCESS-2).
    external BOOLEAN NOT NULL DEFAULT FALSE,
    -- Whether the role will count only in the accounts of `invitation_account` (ACCT-2).
    limited BOOLEAN NOT NULL DEFAULT FALSE,
    -- The access that the invitation began with (PEOPLE-2); `invitation_grant` has what was added later. No foreign key:
    -- a resource that is gone by then is left out.
    resource_id UUID,
    level TEXT CHECK (level IN ('reader', 'uploader', 'editor', 'manager')),
    token_hash TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('pending', 'accepted', 'declined', 'revoked')),
    -- Who sent it last.
    invited_by UUID NOT NULL REFERENCES person (id),
    -- Whose rights the role and the access rest on; NULL for `invited_by`.
    role_granted_by UUID,
    access_granted_by UUID,
    -- The mail with the newest link.
    mail_id UUID,
    -- How often it was mailed in all: sending again counts like sending (attack 27).
    send_count BIGINT NOT NULL CHECK (send_count >= 1),
    created_at BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    answered_at BIGINT,
    -- When somebody first tried to accept what its sender may no longer give: the Owners were told then.
    owners_notified_at BIGINT,
    CHECK ((resource_id IS NULL) = (level IS NULL))
);
CREATE UNIQUE INDEX invitation_organization_id_email_key_key ON invitation (organization_id, email_key) WHERE state = 'pending';
CREATE INDEX invitation_email_key_state_idx ON invitation (email_key, state);
CREATE INDEX invitation_organization_id_state_name_key_id_idx ON invitation (organization_id, state, name_key, id);
CREATE INDEX invitation_resource_id_id_idx ON invitation (resource_id, id) WHERE state = 'pending' AND resource_id IS NOT NULL;
-- How many were sent in a day, by one person and by an organization.
CREATE INDEX invitation_invited_by_sent_at_idx ON invitation (invited_by, sent_at);
CREATE INDEX invitation_organization_id_sent_at_idx ON invitation (organization_id, sent_at);

-- A row is the digest of a link that a newer one replaced. It opens nothing, and says that a newer one was sent (PEOPLE-10).
CREATE TABLE invitation_old_link (
    token_hash TEXT PRIMARY KEY NOT NULL,
    invitation_id UUID NOT NULL REFERENCES invitation (id) ON DELETE CASCADE
);
CREATE INDEX invitation_old_link_invitation_id_idx ON invitation_old_link (invitation_id);

-- A row is an account in which the role of a limited invitation will count.
CREATE TABLE invitation_account (
    invitation_id UUID NOT NULL REFERENCES invitation (id) ON DELETE CASCADE,
    account_id UUID NOT NULL REFERENCES account (id),
    PRIMARY KEY (invitation_id, account_id)
);
CREATE INDEX invitation_account_account_id_invitation_id_idx ON invitation_account (account_id, invitation_id);

-- The two views say what "deleted" means: such an organization has no people, and owns nothing that can be reached.
-- Whatever decides who may see or do something reads them, never the tables under them.
CREATE VIEW active_organization AS SELECT id FROM organization WHERE deleted_at IS NULL;

-- `role` is the role in what belongs to the organization as a whole (people, settings, the audit log): there a Manager who is
-- limited to some accounts is an Editor. `assigned_role` is the role as it was given.
CREATE VIEW active_membership AS
    SELECT m.organization_id, m.person_id, CASE WHEN m.limited AND m.role = 'manager' THEN 'editor' ELSE m.role END AS role,
        m.role AS assigned_role, m.limited, m.last_used_at
    FROM membership m JOIN organization o ON o.id = m.organization_id WHERE o.deleted_at IS NULL;

-- The role of a person in each account: whoever is limited to other accounts is a Member there.
CREATE VIEW account_membership AS
    SELECT m.organization_id, a.id AS account_id, m.person_id,
        CASE WHEN m.limited AND NOT EXISTS (
            SELECT 1 FROM membership_account c WHERE c.organization_id = m.organization_id AND c.person_id = m.person_id AND c.account_id = a.id)
        THEN 'member' ELSE m.role END AS role
    FROM account a JOIN organization o ON o.id = a.organization_id JOIN membership m ON m.organization_id = a.organization_id
    WHERE a.deleted_at IS NULL AND o.deleted_at IS NULL;
