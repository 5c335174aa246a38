-- Several accounts in an organization, and people whose role counts in some of them only (ACCT-1, ACCT-2).

-- An account that was deleted: its ended licences and their books stay, nothing else of it.
ALTER TABLE account ADD COLUMN deleted_at BIGINT;

-- Set where somebody's role counts only in the accounts of membership_account.
ALTER TABLE membership ADD COLUMN limited BOOLEAN;
CREATE INDEX membership_limited ON membership (organization_id, person_id) WHERE limited;

CREATE TABLE membership_account (
    organization_id UUID NOT NULL,
    person_id UUID NOT NULL,
    account_id UUID NOT NULL REFERENCES account (id),
    PRIMARY KEY (organization_id, person_id, account_id),
    FOREIGN KEY (organization_id, person_id) REFERENCES membership (organization_id, person_id) ON DELETE CASCADE
);
CREATE INDEX membership_account_by_account ON membership_account (account_id, person_id);

-- What a role is, said once. In what is of the organization as a whole (people, settings, the audit log), a Manager who is
-- limited to some accounts stands as an Editor does; `given` is the role as it was given.
DROP VIEW living_membership;
CREATE VIEW living_membership AS
    SELECT m.organization_id, m.person_id, CASE WHEN m.limited AND m.role = 'manager' THEN 'editor' ELSE m.role END AS role,
        m.role AS given, m.limited
    FROM membership m JOIN organization o ON o.id = m.organization_id WHERE o.deleted_at IS NULL;

-- In what is of an account, the role counts unless its holder is limited to others: there they stand as a Member does.
CREATE VIEW account_membership AS
    SELECT m.organization_id, a.id AS account_id, m.person_id,
        CASE WHEN m.limited AND NOT EXISTS (
            SELECT 1 FROM membership_account c WHERE c.organization_id = m.organization_id AND c.person_id = m.person_id AND c.account_id = a.id)
        THEN 'member' ELSE m.role END AS role
    FROM account a JOIN organization o ON o.id = a.organization_id JOIN membership m ON m.organization_id = a.organization_id
    WHERE a.deleted_at IS NULL AND o.deleted_at IS NULL;

-- A copy that is made for the account behind a Sharing ID (ACCT-3): that, as it was entered.
ALTER TABLE job ADD COLUMN shared_with TEXT;
