-- People, and the sessions they are signed in with.
-- One migration set runs on SQLite and PostgreSQL: see src/server/store/mod.rs for what SQL is allowed.
-- Times are BIGINT unix milliseconds, ids are UUID, enumerations are TEXT; `*_key` columns hold text folded for comparing.

CREATE TABLE person (
    id UUID PRIMARY KEY NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    email_verified BOOLEAN NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    language TEXT NOT NULL,
    cluster TEXT NOT NULL,
    default_organization_id UUID,
    created_at BIGINT NOT NULL
);

-- The cookie holds the session's id; here stands only its digest, so that a copy of this table signs nobody in.
CREATE TABLE session (
    id_hash TEXT PRIMARY KEY NOT NULL,
    person_id UUID REFERENCES person (id) ON DELETE CASCADE,
    data TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_by_person ON session (person_id);
CREATE INDEX session_by_expiry ON session (expires_at);
