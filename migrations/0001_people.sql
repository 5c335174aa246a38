-- People, how they are signed in, and what is kept for one person only.
--
-- One set of migrations runs on SQLite and PostgreSQL; src/server/store/mod.rs says which SQL is allowed.
-- Ids are UUID, times BIGINT unix milliseconds, enumerations TEXT with a CHECK.
-- The program computes these columns, so that both databases compare alike (src/domain/name.rs, src/domain/text.rs):
--   `<column>_key`  a text as it is compared: email_key, handle_key, org_id_key
--   `name_key`      a name as names are sorted
--   `name_unique`   a name as names are told apart
--   `name_search`   a name as it is searched, without accents
-- Indexes are called `<table>_<columns>_idx`, unique ones `<table>_<columns>_key`.

-- A row is a person, or the identity of a credential key.
-- A credential key acts as itself, so that what it makes names it as its maker. Its row here has the id of the key, no address
-- (an email_key without "@"), no password and a deleted_at: nobody can sign in as it or invite it, and no list of people has it.
CREATE TABLE person (
    id UUID PRIMARY KEY NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    email_verified BOOLEAN NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    name_search TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    language TEXT NOT NULL,
    cluster TEXT NOT NULL,
    -- Which organization opens after signing in. No foreign key: organizations are made after people, and refer to them.
    default_organization_id UUID,
    -- Consents (SET-2).
    allows_usage_statistics BOOLEAN NOT NULL DEFAULT FALSE,
    allows_product_news BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    -- Kept to a few minutes; NULL for never.
    last_seen_at BIGINT,
    -- The row of a deleted account stays for what it made, without anything that tells whose it was.
    deleted_at BIGINT
);

-- A row is a session of a browser. The cookie holds the session's id, the table only its digest, so that a copy of the table
-- signs nobody in.
CREATE TABLE session (
    id_hash TEXT PRIMARY KEY NOT NULL,
    -- What the session is called on its owner's list of sessions.
    public_id UUID NOT NULL,
    person_id UUID REFERENCES person (id) ON DELETE CASCADE,
    -- JSON, never searched.
    data TEXT NOT NULL,
    -- Browser and system, and the network address, of the last request.
    device TEXT,
    ip_address TEXT,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_public_id_idx ON session (public_id);
CREATE INDEX session_person_id_idx ON session (person_id);
CREATE INDEX session_expires_at_idx ON session (expires_at);

-- A row is a mailed link that works once (AUTH-2, AUTH-5, PEOPLE-8, SET-1).
CREATE TABLE one_time_link (
    id UUID PRIMARY KEY NOT NULL,
    person_id UUID NOT NULL REFERENCES person (id),
    purpose TEXT NOT NULL CHECK (purpose IN ('verify_email', 'change_email', 'reset_password', 'set_password')),
    token_hash TEXT NOT NULL UNIQUE,
    -- The address that the link was mailed to, and proves.
    email TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX one_time_link_person_id_purpose_created_at_idx ON one_time_link (person_id, purpose, created_at);
CREATE INDEX one_time_link_expires_at_idx ON one_time_link (expires_at);

-- A row is what a signed-in person typed into a form that was refused, where it is too long for the flash cookie. It is shown
-- again on the next page and lives for minutes.
CREATE TABLE remembered_form (
    person_id UUID PRIMARY KEY NOT NULL REFERENCES person (id),
    data TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX remembered_form_expires_at_idx ON remembered_form (expires_at);
