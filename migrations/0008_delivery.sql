-- Mail, the audit log, idempotency keys, and two tables that serve the database itself.

-- A row is a mail that is to go out (MAIL-1).
CREATE TABLE outbox (
    id UUID PRIMARY KEY NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- Both are emptied once the mail is sent.
    text TEXT NOT NULL,
    html TEXT NOT NULL,
    -- What it is about, where several mails about the same thing are to become one: the newest replaces those that wait.
    topic TEXT,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    attempts BIGINT NOT NULL CHECK (attempts >= 0),
    next_attempt_at BIGINT NOT NULL,
    -- A worker's lease: until then no other worker tries.
    claimed_until BIGINT,
    -- What the mail server said last, without secrets.
    last_error TEXT,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX outbox_state_next_attempt_at_idx ON outbox (state, next_attempt_at);
CREATE INDEX outbox_state_id_idx ON outbox (state, id);
CREATE INDEX outbox_created_at_idx ON outbox (created_at);
CREATE INDEX outbox_topic_recipient_created_at_idx ON outbox (topic, recipient, created_at) WHERE topic IS NOT NULL;

-- A row says what somebody did (AUDIT-1). It is written in the transaction of what it tells of, and never changed.
-- No foreign keys but one: an entry outlives what it is about.
CREATE TABLE audit (
    id UUID PRIMARY KEY NOT NULL,
    -- In whose log; NULL for what concerns one person alone.
    organization_id UUID REFERENCES organization (id),
    -- Who; NULL for the operator.
    actor_id UUID,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    summary TEXT NOT NULL,
    -- The folder, site, asset or dataset that the entry is about. Where it is about several, `audit_item` has them.
    resource_id UUID,
    transfer_id UUID,
    -- State before and after, as JSON.
    before_state TEXT,
    after_state TEXT,
    ip_address TEXT,
    created_at BIGINT NOT NULL
);
-- The Activity page: newest first, by person or by action, between two days.
CREATE INDEX audit_organization_id_created_at_id_idx ON audit (organization_id, created_at, id);
CREATE INDEX audit_organization_id_actor_id_created_at_id_idx ON audit (organization_id, actor_id, created_at, id);
CREATE INDEX audit_organization_id_action_created_at_id_idx ON audit (organization_id, action, created_at, id);
-- Export of one's own data (SET-2).
CREATE INDEX audit_actor_id_id_idx ON audit (actor_id, id);
-- The history of one resource.
CREATE INDEX audit_resource_id_id_idx ON audit (resource_id, id) WHERE resource_id IS NOT NULL;

-- A row is one of several resources that an entry is about, so that what is done to many at once is in the history of each.
CREATE TABLE audit_item (
    audit_id UUID NOT NULL REFERENCES audit (id) ON DELETE CASCADE,
    resource_id UUID NOT NULL,
    PRIMARY KEY (audit_id, resource_id)
);
CREATE INDEX audit_item_resource_id_audit_id_idx ON audit_item (resource_id, audit_id);

-- A row is a request with an Idempotency-Key and, once there is one, its answer (API-1).
CREATE TABLE idempotency_key (
    -- Who asked: a person, or the digest of a network address before anybody is signed in.
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    -- Which attempt is at it: of two that carry out the same request, only the one whose id this is may keep its answer and its
    -- change.
    claim_id UUID NOT NULL,
    -- The answer, sealed; NULL while the request is being answered.
    status BIGINT,
    body TEXT,
    -- What the caller could do when the answer was given, a digest in each line.
    caller_access TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (caller, key),
    CHECK ((status IS NULL) = (body IS NULL)),
    CHECK ((status IS NULL) = (caller_access IS NULL))
);
CREATE INDEX idempotency_key_created_at_idx ON idempotency_key (created_at);

-- No rows. On PostgreSQL every write locks the table: shared, or alone where others were in its way too often.
CREATE TABLE write_lock (
    id BIGINT PRIMARY KEY NOT NULL
);

-- One row: what was written last to see whether anything can be written.
CREATE TABLE health_check (
    id UUID PRIMARY KEY NOT NULL,
    checked_at BIGINT NOT NULL,
    filler TEXT NOT NULL
);
