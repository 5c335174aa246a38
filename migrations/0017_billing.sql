-- Licences and usage, billing and the operator (LIC-2, LIC-3, ORG-4, ORG-8).

-- The books of a licence are numbered, and say after each entry what was left: the order and the balance are those in which
-- entries were written, whichever node wrote them and whatever its clock said. The time never goes back from one entry to the
-- next, so that a page between two days is a piece of an index.
ALTER TABLE licence ADD COLUMN entries BIGINT;
ALTER TABLE licence ADD COLUMN last_entry_at BIGINT;
ALTER TABLE ledger_entry ADD COLUMN number BIGINT;
ALTER TABLE ledger_entry ADD COLUMN images_after BIGINT;
ALTER TABLE ledger_entry ADD COLUMN projects_after BIGINT;
ALTER TABLE ledger_entry ADD COLUMN credits_after BIGINT;
UPDATE ledger_entry SET
    number = book.place, at = book.latest, images_after = book.images, projects_after = book.projects, credits_after = book.credits
FROM (
    SELECT id,
        CAST(ROW_NUMBER() OVER (PARTITION BY licence_id ORDER BY id) AS BIGINT) AS place,
        CAST(MAX(at) OVER (PARTITION BY licence_id ORDER BY id) AS BIGINT) AS latest,
        CAST(SUM(images) OVER (PARTITION BY licence_id ORDER BY id) AS BIGINT) AS images,
        CAST(SUM(projects) OVER (PARTITION BY licence_id ORDER BY id) AS BIGINT) AS projects,
        CAST(SUM(credits) OVER (PARTITION BY licence_id ORDER BY id) AS BIGINT) AS credits
    FROM ledger_entry
) AS book WHERE book.id = ledger_entry.id;
UPDATE licence SET
    entries = (SELECT COUNT(*) FROM ledger_entry e WHERE e.licence_id = licence.id),
    last_entry_at = (SELECT MAX(e.at) FROM ledger_entry e WHERE e.licence_id = licence.id);
CREATE UNIQUE INDEX ledger_entry_by_number ON ledger_entry (licence_id, number);
CREATE INDEX ledger_entry_by_time ON ledger_entry (licence_id, at, number);
CREATE INDEX ledger_entry_by_kind ON ledger_entry (licence_id, kind, at, number);

-- Since when a dataset waits for credits: what waits longest starts first.
ALTER TABLE resource ADD COLUMN waiting_since BIGINT;
UPDATE resource SET waiting_since = modified_at WHERE status = 'waiting_for_credits';
CREATE INDEX resource_waiting ON resource (account_id, waiting_since, id) WHERE waiting_since IS NOT NULL;

-- Whom to write to about money (ORG-4).
CREATE TABLE billing_contact (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    phone TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX billing_contact_by_organization ON billing_contact (organization_id, id);
CREATE UNIQUE INDEX billing_contact_by_email ON billing_contact (organization_id, email_key);

-- What Owners asked the operator for (ORG-8, Contact sales), and what became of it.
CREATE TABLE purchase_request (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organization (id),
    person_id UUID NOT NULL,
    person_name TEXT NOT NULL,
    product TEXT CHECK (product IN ('discovery', 'desktop', 'cloud', 'cloud_pro', 'cloud_teams', 'cloud_enterprise')),
    model TEXT CHECK (model IN ('images_projects', 'credits')),
    images BIGINT,
    projects BIGINT,
    credits BIGINT,
    seats BIGINT,
    message TEXT,
    contact_name TEXT NOT NULL,
    contact_email TEXT NOT NULL,
    contact_phone TEXT,
    state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'declined', 'withdrawn')),
    answer TEXT,
    created_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE INDEX purchase_request_by_organization ON purchase_request (organization_id, id);
CREATE INDEX purchase_request_by_state ON purchase_request (state, id);
CREATE INDEX purchase_request_by_day ON purchase_request (organization_id, created_at);
CREATE INDEX purchase_request_by_person ON purchase_request (person_id, created_at);

-- Keys of the operator's API. The key itself is shown once; this is its digest.
CREATE TABLE operator_key (
    id UUID PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
