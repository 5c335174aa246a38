-- One's own account: where one is signed in, links that prove an address, and choices about one's data.

-- What a session is called outside: its digest stays inside.
ALTER TABLE session ADD COLUMN id UUID;
-- The browser and system as the browser tells them, and the network address, of the last request.
ALTER TABLE session ADD COLUMN device TEXT;
ALTER TABLE session ADD COLUMN address TEXT;
ALTER TABLE session ADD COLUMN last_seen_at BIGINT;
UPDATE session SET last_seen_at = created_at;
CREATE INDEX session_by_public_id ON session (id);

-- Single-use links (AUTH-2, AUTH-5, PEOPLE-8, SET-1); here stands only the digest of what is in the link.
CREATE TABLE one_time_link (
    id UUID PRIMARY KEY NOT NULL,
    person_id UUID NOT NULL REFERENCES person (id),
    purpose TEXT NOT NULL CHECK (purpose IN ('verify_email', 'change_email', 'reset_password', 'set_password')),
    token_hash TEXT NOT NULL UNIQUE,
    -- The address that it was mailed to, and proves.
    email TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX one_time_link_by_person ON one_time_link (person_id, purpose, created_at);
CREATE INDEX one_time_link_by_expiry ON one_time_link (expires_at);

-- SET-2. NULL: never asked, which counts as no.
ALTER TABLE person ADD COLUMN allows_usage_statistics BOOLEAN;
ALTER TABLE person ADD COLUMN allows_product_news BOOLEAN;
-- A deleted account: the row stays for what they made, without anything that tells who they were.
ALTER TABLE person ADD COLUMN deleted_at BIGINT;

-- Export of one's own data (SET-2): what somebody made, and what they did.
CREATE INDEX resource_by_creator ON resource (created_by, id);
CREATE INDEX audit_by_person ON audit (actor_id, id);
