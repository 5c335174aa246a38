-- Support: what people ask the operator, and the thread both write (HELP-1).

-- A row is what somebody asked the operator. Nobody else sees it, whatever their role, and it goes when its requester's account is deleted.
CREATE TABLE ticket (
    number BIGINT PRIMARY KEY NOT NULL CHECK (number > 0),
    person_id UUID NOT NULL REFERENCES person (id),
    subject TEXT NOT NULL,
    -- What the requester sent along: where they were, the page that they came from, and the request that failed there.
    organization_id UUID REFERENCES organization (id),
    page TEXT,
    request_id TEXT,
    -- Open: the operator is to write next. Answered: the requester is.
    state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'closed')),
    -- How many messages its thread has.
    messages BIGINT NOT NULL CHECK (messages > 0),
    created_at BIGINT NOT NULL,
    -- When somebody wrote or closed it last.
    updated_at BIGINT NOT NULL
);
-- Unique, which it is anyhow, so that the messages of all of somebody's tickets come in their order without being sorted.
CREATE UNIQUE INDEX ticket_person_id_number_idx ON ticket (person_id, number);
CREATE INDEX ticket_person_id_updated_at_idx ON ticket (person_id, updated_at);
CREATE INDEX ticket_state_number_idx ON ticket (state, number);

-- A row is one message of a thread.
CREATE TABLE ticket_message (
    ticket_number BIGINT NOT NULL REFERENCES ticket (number) ON DELETE CASCADE,
    -- From 1 in each ticket.
    number BIGINT NOT NULL CHECK (number > 0),
    side TEXT NOT NULL CHECK (side IN ('requester', 'operator')),
    -- What the audit log calls the operator who wrote; the requester is that of the ticket.
    author_name TEXT,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (ticket_number, number),
    CHECK ((side = 'operator') = (author_name IS NOT NULL))
);

-- The one row is the last number that a ticket got. No number is given twice, also after tickets were deleted: mails name them.
CREATE TABLE ticket_number (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    last BIGINT NOT NULL CHECK (last >= 0)
);
INSERT INTO ticket_number (id, last) VALUES (1, 0);

-- To whom a reply to the mail goes, where that is not its sender. Emptied once the mail is sent.
ALTER TABLE outbox ADD COLUMN reply_to TEXT;
