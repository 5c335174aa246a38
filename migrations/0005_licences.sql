-- Licences and their ledgers, loans, seats, billing, and the operator's keys.

-- A row is a licence of an account (LIC-1).
CREATE TABLE licence (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    account_id UUID NOT NULL REFERENCES account (id),
    product TEXT NOT NULL CHECK (product IN ('discovery', 'desktop', 'cloud', 'cloud_pro', 'cloud_teams', 'cloud_enterprise')),
    -- What it is billed in; NULL where nothing is used up.
    model TEXT CHECK (model IN ('images_projects', 'credits')),
    seats BIGINT CHECK (seats >= 0),
    active_from BIGINT NOT NULL,
    active_until BIGINT,
    -- Given for a while to try it out (LIC-7).
    trial BOOLEAN NOT NULL DEFAULT FALSE,
    -- Whether the Owners were told that it ends at `active_until` (LIC-8).
    end_told BOOLEAN NOT NULL DEFAULT FALSE,
    -- The sums of the ledger's grants, and of the whole ledger, written in the transaction of each entry; `doctor` adds the
    -- entries up and compares. What is left never falls below zero, whatever happens at the same moment.
    images_granted BIGINT NOT NULL CHECK (images_granted >= 0),
    projects_granted BIGINT NOT NULL CHECK (projects_granted >= 0),
    credits_granted BIGINT NOT NULL CHECK (credits_granted >= 0),
    images_left BIGINT NOT NULL CHECK (images_left >= 0),
    projects_left BIGINT NOT NULL CHECK (projects_left >= 0),
    credits_left BIGINT NOT NULL CHECK (credits_left >= 0),
    -- How many entries its ledger has, and the time of the last one.
    entry_count BIGINT NOT NULL CHECK (entry_count >= 0),
    last_entry_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX licence_account_id_id_idx ON licence (account_id, id);
CREATE INDEX licence_organization_id_id_idx ON licence (organization_id, id);
-- The ends that are still to be told.
CREATE INDEX licence_active_until_id_idx ON licence (active_until, id) WHERE NOT end_told;

-- A row is an entry of a licence's append-only ledger (LIC-3). The licence numbers its entries, so the order and the balance are
-- those in which entries were written, whichever node wrote them and whatever its clock said. Times never go back from one
-- entry to the next, so a page between two days is a piece of an index.
CREATE TABLE ledger_entry (
    id UUID PRIMARY KEY NOT NULL,
    licence_id UUID NOT NULL REFERENCES licence (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    kind TEXT NOT NULL CHECK (kind IN ('grant', 'spend', 'refund', 'transfer_out', 'transfer_in')),
    -- The change, negative for what is used up.
    images BIGINT NOT NULL,
    projects BIGINT NOT NULL,
    credits BIGINT NOT NULL,
    -- What was left after it.
    images_after BIGINT NOT NULL CHECK (images_after >= 0),
    projects_after BIGINT NOT NULL CHECK (projects_after >= 0),
    credits_after BIGINT NOT NULL CHECK (credits_after >= 0),
    transfer_id UUID,
    -- The dataset; it may be deleted since.
    resource_id UUID,
    created_at BIGINT NOT NULL,
    UNIQUE (licence_id, number)
);
CREATE INDEX ledger_entry_licence_id_created_at_number_idx ON ledger_entry (licence_id, created_at, number);
CREATE INDEX ledger_entry_licence_id_kind_created_at_number_idx ON ledger_entry (licence_id, kind, created_at, number);

-- A row is a loan of a licence to another account (ACCT-3). It ends by itself at `ends_at`; nothing has to run for that.
CREATE TABLE licence_loan (
    id UUID PRIMARY KEY NOT NULL,
    licence_id UUID NOT NULL REFERENCES licence (id),
    lender_organization_id UUID NOT NULL REFERENCES organization (id),
    lender_account_id UUID NOT NULL REFERENCES account (id),
    borrower_organization_id UUID NOT NULL REFERENCES organization (id),
    borrower_account_id UUID NOT NULL REFERENCES account (id),
    -- What both were called when it was lent.
    lender_name TEXT NOT NULL,
    lender_sharing_id TEXT NOT NULL,
    borrower_name TEXT NOT NULL,
    borrower_sharing_id TEXT NOT NULL,
    -- Who lent it.
    person_id UUID NOT NULL REFERENCES person (id),
    person_name TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    -- The first moment at which it is not lent any more.
    ends_at BIGINT NOT NULL,
    -- When and how it ended; NULL while it runs, and after `ends_at` until it is next lent.
    ended_at BIGINT,
    end_reason TEXT CHECK (end_reason IN ('called_back', 'returned', 'ran_out')),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK (lender_account_id <> borrower_account_id)
);
-- Nothing is lent twice, whatever happens at the same moment. What ran out is marked so before it is lent again.
CREATE UNIQUE INDEX licence_loan_licence_id_key ON licence_loan (licence_id) WHERE ended_at IS NULL;
CREATE INDEX licence_loan_licence_id_ended_at_idx ON licence_loan (licence_id, ended_at);
CREATE INDEX licence_loan_lender_organization_id_id_idx ON licence_loan (lender_organization_id, id);
CREATE INDEX licence_loan_borrower_organization_id_id_idx ON licence_loan (borrower_organization_id, id);
CREATE INDEX licence_loan_lender_organization_id_ended_at_idx ON licence_loan (lender_organization_id, ended_at);
CREATE INDEX licence_loan_borrower_organization_id_ended_at_idx ON licence_loan (borrower_organization_id, ended_at);
CREATE INDEX licence_loan_borrower_account_id_ended_at_idx ON licence_loan (borrower_account_id, ended_at);

-- A row is a seat of a desktop licence (LIC-5): assigned to somebody, taken by a program, or both. Where it is neither assigned
-- nor was heard of lately, it is free again.
CREATE TABLE seat (
    licence_id UUID NOT NULL REFERENCES licence (id),
    -- The person or the key: exactly one of the two.
    holder_id UUID NOT NULL,
    person_id UUID REFERENCES person (id),
    key_id UUID REFERENCES credential_key (id),
    -- Whose holder it is: of the organization that owns the licence, or borrows it.
    organization_id UUID NOT NULL REFERENCES organization (id),
    -- The loan under which it is held; NULL where the organization owns the licence. A seat ends with its loan.
    loan_id UUID REFERENCES licence_loan (id),
    assigned_at BIGINT,
    assigned_by_name TEXT,
    -- The device whose program took it, since when, and when the program was last heard of.
    device TEXT,
    taken_at BIGINT,
    last_seen_at BIGINT,
    PRIMARY KEY (licence_id, holder_id),
    CHECK ((person_id IS NULL) <> (key_id IS NULL)),
    CHECK (holder_id = COALESCE(person_id, key_id)),
    CHECK ((device IS NULL) = (taken_at IS NULL) AND (device IS NULL) = (last_seen_at IS NULL)),
    CHECK (assigned_at IS NOT NULL OR last_seen_at IS NOT NULL),
    CHECK (key_id IS NULL OR assigned_at IS NULL)
);
CREATE INDEX seat_holder_id_organization_id_idx ON seat (holder_id, organization_id);

-- A row is somebody to write to about money (ORG-4).
CREATE TABLE billing_contact (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    phone TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (organization_id, email_key)
);
CREATE INDEX billing_contact_organization_id_id_idx ON billing_contact (organization_id, id);

-- A row is what an Owner asked the operator for (ORG-8, Contact sales), and what became of it.
CREATE TABLE purchase_request (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    person_id UUID NOT NULL REFERENCES person (id),
    person_name TEXT NOT NULL,
    product TEXT CHECK (product IN ('discovery', 'desktop', 'cloud', 'cloud_pro', 'cloud_teams', 'cloud_enterprise')),
    model TEXT CHECK (model IN ('images_projects', 'credits')),
    images BIGINT CHECK (images >= 0),
    projects BIGINT CHECK (projects >= 0),
    credits BIGINT CHECK (credits >= 0),
    seats BIGINT CHECK (seats >= 0),
    message TEXT,
    contact_name TEXT NOT NULL,
    contact_email TEXT NOT NULL,
    contact_phone TEXT,
    state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'declined', 'withdrawn')),
    answer TEXT,
    created_at BIGINT NOT NULL,
    closed_at BIGINT,
    CHECK ((state = 'open') = (closed_at IS NULL))
);
CREATE INDEX purchase_request_organization_id_id_idx ON purchase_request (organization_id, id);
CREATE INDEX purchase_request_state_id_idx ON purchase_request (state, id);
CREATE INDEX purchase_request_organization_id_created_at_idx ON purchase_request (organization_id, created_at);
CREATE INDEX purchase_request_person_id_created_at_idx ON purchase_request (person_id, created_at);

-- A row is a key of the operator's API. The key itself is shown once; this is its digest.
CREATE TABLE operator_key (
    id UUID PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
