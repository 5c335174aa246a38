-- Seats of desktop licences (LIC-5), and licences lent to another account (ACCT-3).

-- Licences that an account lends to another. A loan ends by itself at `ends_at`; nothing has to run for that.
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
    person_id UUID NOT NULL REFERENCES person (id),
    person_name TEXT NOT NULL,
    lent_at BIGINT NOT NULL,
    -- The first moment at which it is not lent any more.
    ends_at BIGINT NOT NULL,
    -- When it ended before that, and how; NULL while it runs, and where it ran out and nobody has looked since.
    ended_at BIGINT,
    ended_how TEXT CHECK (ended_how IN ('called_back', 'returned', 'ran_out')),
    CHECK ((ended_at IS NULL) = (ended_how IS NULL)),
    CHECK (lender_account_id <> borrower_account_id)
);
-- Nothing is lent twice, whatever happens at the same moment. What ran out is marked so before it is lent again.
CREATE UNIQUE INDEX licence_loan_open ON licence_loan (licence_id) WHERE ended_at IS NULL;
CREATE INDEX licence_loan_by_licence ON licence_loan (licence_id, ended_at);
CREATE INDEX licence_loan_by_lender ON licence_loan (lender_organization_id, id);
CREATE INDEX licence_loan_by_borrower ON licence_loan (borrower_organization_id, id);
-- Those that run.
CREATE INDEX licence_loan_lent ON licence_loan (lender_organization_id, ended_at);
CREATE INDEX licence_loan_borrowed ON licence_loan (borrower_organization_id, ended_at);
CREATE INDEX licence_loan_by_borrowing_account ON licence_loan (borrower_account_id, ended_at);

-- Seats of a desktop licence: given to somebody, taken by a program of theirs, or both. A row is a seat; where it is neither
-- given nor was heard of lately, it is free again.
CREATE TABLE seat (
    licence_id UUID NOT NULL REFERENCES licence (id),
    person_id UUID NOT NULL REFERENCES person (id),
    -- Whose person: of the organization that owns the licence, or borrows it.
    organization_id UUID NOT NULL REFERENCES organization (id),
    -- The loan under which it is held; NULL where the organization owns the licence. A seat ends with its loan.
    loan_id UUID REFERENCES licence_loan (id),
    given_at BIGINT,
    given_by_name TEXT,
    -- What took it, since when, and when it was last heard of.
    device TEXT,
    taken_at BIGINT,
    seen_at BIGINT,
    PRIMARY KEY (licence_id, person_id),
    CHECK ((device IS NULL) = (taken_at IS NULL) AND (device IS NULL) = (seen_at IS NULL)),
    CHECK (given_at IS NOT NULL OR seen_at IS NOT NULL)
);
CREATE INDEX seat_by_person ON seat (person_id, organization_id);
